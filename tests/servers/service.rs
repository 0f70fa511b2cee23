//! The programs that stand before a repository: each on a port of its own, in the directory of
//! its world, and gone with the value, also when a test fails.

use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::world::World;

/// The persons who push, and vera who only reads.
pub const PERSONS: [&str; 5] = ["olga", "otto", "rita", "vera", "server"];

/// How a repository is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// The file system.
    File,
    /// OpenSSH's sshd, with `git shell` as the forced command.
    Ssh,
    /// nginx with a password, fcgiwrap and `git http-backend`.
    Http,
    /// gitolite behind sshd.
    Gitolite,
}

/// Processes of one world, and the address of its repository.
pub struct Service {
    children: Vec<Child>,
    address: Box<dyn Fn(&str) -> String>,
}

impl Service {
    /// Puts the world's `server.git` behind this transport, and points every clone to it.
    pub fn start(world: &World, transport: Transport) -> Self {
        let service = match transport {
            Transport::File => {
                let url = format!("file://{}", world.path("server.git").display());
                Self::new(Vec::new(), move |_| url.clone())
            }
            Transport::Ssh => ssh(world),
            Transport::Http => http(world),
            Transport::Gitolite => super::gitolite::start(world),
        };
        for who in ["olga", "otto", "rita"] {
            let url = service.url(who);
            world.ok(
                who,
                who,
                &["git", "remote", "set-url", "origin", url.as_str()],
            );
        }
        service
    }

    pub fn new(children: Vec<Child>, address: impl Fn(&str) -> String + 'static) -> Self {
        Self {
            children,
            address: Box::new(address),
        }
    }

    /// Returns where this person finds the repository.
    pub fn url(&self, who: &str) -> String {
        (self.address)(who)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        for child in &mut self.children {
            // A server has children of its own, all in the group that it leads.
            if let Some(group) = rustix::process::Pid::from_raw(child.id().cast_signed()) {
                let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            }
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Starts a server in a process group of its own; what it says goes to `<name>.log`.
pub fn spawn(world: &World, name: &str, command: &mut Command) -> Child {
    let log = std::fs::File::create(world.path(&format!("{name}.log"))).unwrap();
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .process_group(0)
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {name}: {error}"))
}

pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Waits until the server listens.
pub fn wait_for(world: &World, name: &str, child: &mut Child, port: u16) {
    wait_until(world, name, child, || {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
}

pub fn wait_until(world: &World, name: &str, child: &mut Child, ready: impl Fn() -> bool) {
    let start = Instant::now();
    let log = || std::fs::read_to_string(world.path(&format!("{name}.log"))).unwrap_or_default();
    while !ready() {
        let ended = child.try_wait().unwrap();
        assert!(ended.is_none(), "{name} ended: {}", log());
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{name} does not start: {}",
            log()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Starts sshd with these lines in its configuration; returns it and its port. The persons' own
/// keys are those they log in with.
pub fn sshd(world: &World, lines: &str) -> (Child, u16) {
    if rustix::process::getuid().is_root() {
        // Where sshd confines itself; the package's service makes it when it starts.
        std::fs::create_dir_all("/run/sshd").unwrap();
    }
    let place = |name: &str| world.path(name).display().to_string();
    let key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f"];
    world.ok(
        "server",
        ".",
        &[&key[..], &[place("host_key").as_str()]].concat(),
    );
    let port = free_port();
    let config = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nPidFile none\nUsePAM no\nStrictModes no\n\
         PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n\
         PrintMotd no\nMaxStartups 100\n{lines}",
        place("host_key"),
    );
    world.write("sshd_config", config);
    let public = std::fs::read_to_string(world.path("host_key.pub")).unwrap();
    world.write("known_hosts", format!("[127.0.0.1]:{port} {public}"));
    for who in PERSONS {
        let command = format!(
            "ssh -F /dev/null -i ~/key -o IdentitiesOnly=yes -o IdentityAgent=none -o BatchMode=yes \
             -o StrictHostKeyChecking=yes -o UserKnownHostsFile={} -o LogLevel=ERROR",
            place("known_hosts")
        );
        configure(world, who, &format!("[core]\n\tsshCommand = {command}\n"));
    }
    let mut command = Command::new("/usr/sbin/sshd");
    command.args(["-D", "-e", "-f", &place("sshd_config")]);
    let mut child = spawn(world, "sshd", &mut command);
    wait_for(world, "sshd", &mut child, port);
    (child, port)
}

/// Adds to a person's configuration of git.
pub fn configure(world: &World, who: &str, lines: &str) {
    let file = format!("home/{who}/.gitconfig");
    let text = std::fs::read_to_string(world.path(&file)).unwrap();
    world.write(&file, text + lines);
}

pub fn public_key(world: &World, who: &str) -> String {
    let file = world.path(&format!("home/{who}/key.pub"));
    std::fs::read_to_string(file).unwrap().trim().to_owned()
}

/// Returns the name of who runs the tests.
pub fn user() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Returns what a login on the server sees, whatever the machine's account says.
pub fn environment(home: &Path) -> String {
    let path = std::env::var("PATH").unwrap();
    format!(
        "HOME={} PATH={path} GIT_CONFIG_NOSYSTEM=1 LC_ALL=C.UTF-8",
        home.display()
    )
}

fn ssh(world: &World) -> Service {
    let keys: String = PERSONS
        .iter()
        .map(|who| {
            format!(
                "restrict,command=\"GIT_PUSHER={who} git shell -c \\\"$SSH_ORIGINAL_COMMAND\\\"\" {}\n",
                public_key(world, who)
            )
        })
        .collect();
    world.write("authorized_keys", keys);
    let home = world.path("home/server");
    let lines = format!(
        "AuthorizedKeysFile {}\nSetEnv {}\n",
        world.path("authorized_keys").display(),
        environment(&home)
    );
    let (child, port) = sshd(world, &lines);
    let path = world.path("server.git").display().to_string();
    let url = format!("ssh://{}@127.0.0.1:{port}{path}", user());
    Service::new(vec![child], move |_| url.clone())
}

fn http(world: &World) -> Service {
    world.ok(
        "server",
        "server.git",
        &["git", "config", "http.receivepack", "true"],
    );
    let root = world.path(".").canonicalize().unwrap();
    let place = |name: &str| root.join(name).display().to_string();
    let passwords: String = PERSONS
        .iter()
        .map(|who| format!("{who}:{{PLAIN}}secret\n"))
        .collect();
    world.write("passwords", passwords);
    // nginx started by root gives its workers another user, who may not enter the world.
    let account = match rustix::process::getuid().is_root() {
        true => format!("user {};\n", user()),
        false => String::new(),
    };
    let port = free_port();
    world.write(
        "nginx.conf",
        format!(
            "{account}worker_processes 2;\ndaemon off;\npid {pid};\nerror_log stderr;\nevents {{}}\n\
             http {{\n access_log off;\n client_max_body_size 0;\n\
             client_body_temp_path {tmp}/body; fastcgi_temp_path {tmp}/fastcgi; proxy_temp_path {tmp}/proxy;\n\
             scgi_temp_path {tmp}/scgi; uwsgi_temp_path {tmp}/uwsgi;\n\
             server {{\n  listen 127.0.0.1:{port};\n  location ~ ^/[^/]+\\.git/ {{\n\
             auth_basic git; auth_basic_user_file {passwords};\n\
             fastcgi_pass unix:{socket};\n\
             fastcgi_param SCRIPT_FILENAME {core}/git-http-backend;\n\
             fastcgi_param GIT_PROJECT_ROOT {root};\n fastcgi_param GIT_HTTP_EXPORT_ALL \"\";\n\
             fastcgi_param PATH_INFO $uri;\n fastcgi_param QUERY_STRING $query_string;\n\
             fastcgi_param REQUEST_METHOD $request_method;\n fastcgi_param CONTENT_TYPE $content_type;\n\
             fastcgi_param CONTENT_LENGTH $content_length;\n fastcgi_param REMOTE_USER $remote_user;\n\
             fastcgi_param REMOTE_ADDR $remote_addr;\n  }}\n }}\n}}\n",
            pid = place("nginx.pid"),
            tmp = place("nginx"),
            passwords = place("passwords"),
            socket = place("cgi.sock"),
            core = world.ok("server", ".", &["git", "--exec-path"]).trim(),
            root = root.display(),
        ),
    );
    std::fs::create_dir(world.path("nginx")).unwrap();
    std::fs::set_permissions(
        world.path("passwords"),
        std::fs::Permissions::from_mode(0o644),
    )
    .unwrap();

    let mut fcgiwrap = world.command("server", ".", &["fcgiwrap", "-c", "4", "-s"]);
    fcgiwrap.arg(format!("unix:{}", place("cgi.sock")));
    let mut fcgiwrap = spawn(world, "fcgiwrap", &mut fcgiwrap);
    wait_until(world, "fcgiwrap", &mut fcgiwrap, || {
        Path::new(&place("cgi.sock")).exists()
    });
    let mut nginx = Command::new("/usr/sbin/nginx");
    nginx.args(["-p", &place("nginx"), "-c", &place("nginx.conf")]);
    let mut nginx = spawn(world, "nginx", &mut nginx);
    wait_for(world, "nginx", &mut nginx, port);
    Service::new(vec![fcgiwrap, nginx], move |who| {
        format!("http://{who}:secret@127.0.0.1:{port}/server.git")
    })
}
