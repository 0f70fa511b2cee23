//! What a cell holds on this machine. Where a layer cannot be had, what is tested instead is that it is not claimed:
//! a run that needs it is refused, and leaves nothing.

use std::sync::LazyLock;

use serde_json::Value;

use super::governed::{asked, words};
use crate::world::World;

/// The layers that cannot be had here.
static LACKING: LazyLock<Vec<String>> = LazyLock::new(|| {
    let world = World::founded();
    let cell = ["git", "awo", "--json", "cell", "--own-root", "--", "true"];
    let output = world.command("otto", "otto", &cell).output().unwrap();
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let lacking = said["cell"]["not_held"].as_object().unwrap();
    for (layer, why) in lacking {
        eprintln!("the layer {layer} cannot be had on this machine: {why}");
    }
    lacking.keys().cloned().collect()
});

/// Tells whether all layers but a root of its own can be had here. If not, shows that a run that requires them
/// is refused.
pub fn confines() -> bool {
    has("required", LACKING.iter().all(|it| it == "own-root"))
}

/// The same, of all layers.
pub fn gives_a_root() -> bool {
    has("own-root", LACKING.is_empty())
}

fn has(how: &str, has: bool) -> bool {
    if !has {
        let world = asked(how);
        let refs = || world.ok("otto", "otto", &["git", "for-each-ref"]);
        let before = refs();
        let text = world.refused("otto", "otto", &words("touch made"), "INT-005");
        assert!(text.contains("cell-holds"), "{text}");
        assert_eq!(refs(), before, "nothing is recorded");
    }
    has
}
