//! The `git-awo` program: `git awo …`.

fn main() -> std::process::ExitCode {
    git_awo::cli::main()
}
