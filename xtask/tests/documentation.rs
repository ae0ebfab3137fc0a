//! Checks the pages of the documentation: each is reachable from the README, every link has a valid
//! target, and every command and configuration is run or parsed by a test, or listed here.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Component, Path, PathBuf},
    process::Command,
};

/// Languages of the blocks that have to be tested or listed. Other tests compare or compile the
/// blocks in JavaScript, Python and Rust.
const LANGUAGES: [&str; 6] = ["ini", "nginx", "sh", "sql", "toml", "ts"];

/// Markers that precede the command blocks run by [`xtask::walkthrough`].
const WALKTHROUGHS: [&str; 2] = ["<!-- walkthrough -->", "<!-- clients -->"];

/// Programs whose commands in `docs` are parsed by tests of the services.
const PARSED: [&str; 2] = ["auth-service", "task-service"];

/// Blocks that other tests run, parse or compare, each with its page and the start of its first
/// line.
const TESTED: [(&str, &str); 15] = [
    ("README.md", "DATABASE_URL='postgresql://"),
    ("crates/jwks-auth/README.md", "jwks-auth = { version = \"0.1\", features = [\"actix\"] }"),
    ("crates/jwks-auth/README.md", "jwks-auth = { version = \"0.1\", features = [\"axum\"] }"),
    ("docs/configuration.md", "export TRUSTED_ISSUERS="),
    ("docs/deployment.md", "ALTER ROLE auth "),
    ("docs/deployment.md", "CREATE ROLE auth "),
    ("docs/deployment.md", "CREATE SCHEMA auth_service"),
    ("docs/deployment.md", "export BETTER_AUTH_SECRET="),
    ("docs/deployment.md", "server {"),
    ("docs/getting-started.md", "WEB_CSP="),
    ("docs/postgresql.md", "openssl req "),
    ("docs/security-events.md", "curl https://auth.example.com/security-events "),
    ("docs/service-to-service.md", "#!/bin/sh"),
    ("docs/verifying-tokens.md", "curl https://auth.example.com/api/auth/oauth2/introspect "),
    // CI runs this.
    ("CONTRIBUTING.md", "cargo xtask check "),
];

/// Other blocks. Run a block by hand before you add it, and again when you change it.
const RUN_BY_HAND: [(&str, &str); 15] = [
    // Tests use similar values, or run the same steps.
    ("README.md", "const authClient = createAuthClient("),
    ("crates/jwks-auth-verify/README.md", "cargo install jwks-auth-verify"),
    ("docs/deployment.md", "docker build --target auth-service "),
    ("docs/deployment.md", "cp .env.example .env && docker compose up --wait"),
    ("e2e/README.md", "cargo test -p e2e "),
    ("examples/README.md", "cd examples/nextjs"),
    // These take minutes.
    ("docs/PERFORMANCE.md", "cargo xtask bench"),
    ("docs/getting-started.md", "cargo xtask up"),
    ("docs/getting-started.md", "npm --prefix frontend ci "),
    ("examples/README.md", "FRONTEND_URL=http://localhost:3001 cargo xtask up"),
    // These need programs that are not part of the tests.
    ("docs/deployment.md", "[Unit]"),
    ("docs/migrating.md", "python manage.py dumpdata "),
    ("docs/scaling.md", "psql \"$DATABASE_URL\" -f docs/sql/distribute-tasks.sql"),
    ("examples/README.md", "cd examples/fastapi"),
    ("examples/README.md", "curl -sS http://localhost:8001/me "),
];

#[test]
fn every_command_and_configuration_is_tested_or_listed() {
    let mut unknown = Vec::new();
    let listed = [&TESTED[..], &RUN_BY_HAND].concat();
    let mut unused: BTreeSet<_> = listed.iter().copied().collect();
    for (page, text) in pages() {
        let starts =
            |(on, start): &(&str, &str), line: &str| *on == page && line.starts_with(start);
        for block in blocks(&text).filter(|block| !block.is_walkthrough) {
            let is_parsed = |line: &&str| {
                let mut words = line.split_whitespace().skip_while(|word| word.contains('='));
                let program = words.next();
                page.starts_with("docs/") && program.is_some_and(|name| PARSED.contains(&name))
            };
            let first = block.lines.first().expect("a block is not empty");
            let known = listed.iter().find(|listed| starts(listed, first));
            let is_listed = known.is_some_and(|listed| unused.remove(listed));
            if !is_listed && !block.lines.iter().all(is_parsed) {
                unknown.push(format!("{page}: {first}"));
            }
        }
    }
    assert_eq!(unknown, [""; 0], "run these blocks, then list them");
    assert!(unused.is_empty(), "the pages do not have these blocks: {unused:#?}");
}

/// Checks the names of xtask's commands, of packages and of npm's scripts. Tests of the services
/// check the commands of the services.
#[test]
fn every_command_in_prose_exists() {
    let help = Command::new(env!("CARGO_BIN_EXE_xtask")).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let read = |file: String| fs::read_to_string(xtask::root().join(file)).unwrap();
    let [manifests, scripts] = ["*Cargo.toml", "*package.json"]
        .map(|files| tracked(&[files]).into_iter().map(read).collect::<String>());
    let name_in = |command: &str, start: &str| {
        let (_, rest) = command.split_once(start)?;
        rest.split_whitespace().next().map(str::to_owned)
    };

    let (mut unknown, mut count) = (Vec::new(), 0);
    for (page, text) in pages() {
        let prose: Vec<_> = prose(&text).collect();
        for command in prose.join(" ").split('`').skip(1).step_by(2) {
            for (start, list, quote) in [
                ("cargo xtask ", &help, ["\n  ", " "]),
                ("cargo test -p ", &manifests, ["name = \"", "\"\n"]),
                ("cargo bench -p ", &manifests, ["name = \"", "\"\n"]),
                ("npm run ", &scripts, ["\"", "\": "]),
                ("npm --prefix frontend run ", &scripts, ["\"", "\": "]),
            ] {
                if let Some(name) = name_in(command, start) {
                    count += 1;
                    if !list.contains(&quote.join(&name)) {
                        unknown.push(format!("{page}: {command}"));
                    }
                }
            }
        }
    }
    assert_eq!(unknown, [""; 0]);
    assert!(count >= 40, "the pages have only {count} commands");
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let pages = pages();
    let mut broken = Vec::new();
    for (page, text) in &pages {
        for link in links(text) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = resolve(page, path);
            let exists = xtask::root().join(&target).exists();
            let has_heading = || {
                let headings = target.to_str().and_then(|target| pages.get(target));
                headings.is_some_and(|text| headings_of(text).contains(anchor))
            };
            if !exists || !anchor.is_empty() && !has_heading() {
                broken.push(format!("{page}: {link}"));
            }
        }
    }
    assert_eq!(broken, [""; 0]);
}

#[test]
fn every_page_is_reachable_from_the_readme() {
    let pages = pages();
    let mut reached = BTreeSet::new();
    let mut open = vec!["README.md".to_owned()];
    while let Some(page) = open.pop() {
        let Some(text) = pages.get(&page) else { continue };
        if reached.insert(page.clone()) {
            for link in links(text) {
                let target = resolve(&page, link.split('#').next().unwrap());
                let index = target.join("README.md");
                open.extend([target, index].map(|path| path.to_str().unwrap().to_owned()));
            }
        }
    }
    let missing: Vec<_> = pages.keys().filter(|page| !reached.contains(*page)).collect();
    assert!(missing.is_empty(), "no page links to {missing:?}");
}

/// Returns the tracked pages, except GitHub's templates, with their texts.
fn pages() -> BTreeMap<String, String> {
    let read = |page: &String| fs::read_to_string(xtask::root().join(page)).unwrap();
    let pages = tracked(&["*.md", ":!.github"]).into_iter();
    pages.map(|page| (page.clone(), read(&page))).collect()
}

/// Returns the paths of the tracked files that match the patterns of git.
fn tracked(patterns: &[&str]) -> Vec<String> {
    let mut list = Command::new("git");
    list.args(["ls-files", "--"]).args(patterns).current_dir(xtask::root());
    let output = list.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let list = String::from_utf8(output.stdout).unwrap();
    list.lines().map(str::to_owned).collect()
}

struct Block<'a> {
    is_walkthrough: bool,
    lines: Vec<&'a str>,
}

/// Returns a page's code blocks in one of the [`LANGUAGES`].
fn blocks(page: &str) -> impl Iterator<Item = Block<'_>> {
    let mut lines = page.lines().map(str::trim);
    let mut before = "";
    std::iter::from_fn(move || {
        loop {
            let line = lines.next()?;
            let language = line.strip_prefix("```");
            if language.is_some_and(|language| LANGUAGES.contains(&language)) {
                let lines = lines.by_ref().take_while(|line| *line != "```").collect();
                return Some(Block { is_walkthrough: WALKTHROUGHS.contains(&before), lines });
            }
            before = line;
        }
    })
}

/// Returns a page's lines outside code blocks.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    page.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// Returns the targets of a page's links to other files and to headings.
fn links(page: &str) -> impl Iterator<Item = &str> {
    let markdown = prose(page).flat_map(|line| line.split("](").skip(1));
    let html = prose(page).flat_map(|line| {
        let attributes = ["src=\"", "srcset=\""];
        attributes.into_iter().filter_map(move |name| Some(line.split_once(name)?.1))
    });
    let targets = markdown.chain(html).filter_map(|rest| rest.split([')', '"']).next());
    targets.filter(|target| !target.contains("://"))
}

/// Returns the path of a link's target, relative to the root of the workspace.
fn resolve(page: &str, link: &str) -> PathBuf {
    if link.is_empty() {
        return PathBuf::from(page);
    }
    let mut path = Path::new(page).parent().unwrap().to_owned();
    for part in Path::new(link).components() {
        match part {
            Component::ParentDir => assert!(path.pop(), "{page}: {link}"),
            part => path.push(part),
        }
    }
    path
}

/// Returns the anchors that GitHub generates for a page's headings.
fn headings_of(page: &str) -> BTreeSet<String> {
    let headings = prose(page).filter_map(|line| line.strip_prefix('#'));
    let anchor = |heading: &str| {
        let heading = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(anchor).collect()
}
