//! Outputs that nobody reads or that take nothing more, and words that would
//! command a terminal, through the real binaries.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sandbox;

use std::fs;
use std::process::{Command, Stdio};

use sandbox::{Said, Sandbox, manifests, tiny};

/// An output whose reader is gone.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

/// An output behind which the disk is full.
fn full() -> Stdio {
    fs::File::options().write(true).open("/dev/full").unwrap().into()
}

fn ended(mut command: Command) -> Said {
    Said::of(command.output().unwrap())
}

#[test]
fn a_sweep_goes_on_without_a_terminal() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny(""));
    type Output = fn() -> Stdio;
    let piped: Output = Stdio::piped;
    let cases: [(&str, Output, Output, i32); 5] = [
        ("closed-out", closed, piped, 0),
        ("closed-err", piped, closed, 0),
        ("closed", closed, closed, 0),
        ("full-err", piped, full, 0),
        // Its last words are lost, and nothing else is.
        ("full-out", full, piped, 4),
    ];
    for (results, out, err, code) in cases {
        let mut command = sandbox.command(&["run", "tiny.toml", "--results", results]);
        command.stdout(out()).stderr(err());
        let said = ended(command);
        assert_eq!(said.code, code, "{results}: {said:?}");
        assert_eq!(manifests(&sandbox.path(results)).len(), 4, "{results}: {said:?}");
    }
    let said = {
        let mut command = sandbox.command(&["run", "tiny.toml", "--results", "full-out"]);
        command.stdout(full());
        ended(command)
    };
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.err.contains("the output could not be written"), "{said:?}");
}

#[test]
fn every_verb_that_prints_ends_quietly_where_its_reader_left_and_with_4_where_the_disk_is_full() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny(""));
    sandbox.ok(&["run", "tiny.toml"]);
    sandbox.ok(&["store", "tag", "one", "tiny.toml"]);
    let trial = manifests(&sandbox.path("results"))[0].trial.short();
    for verb in [
        &["plan", "tiny.toml"][..],
        &["explain", &trial, "tiny.toml"],
        &["table", "tiny.toml"],
        &["table", "tiny.toml", "--format", "csv"],
        &["report", "tiny.toml", "--out", "report"],
        &["ls"],
        &["ls", "--names"],
        &["ls", "--json"],
        &["spec", "check", "tiny.toml"],
        &["spec", "show", "tiny.toml"],
        &["spec", "schema"],
        &["data", "ls"],
        &["data", "verify"],
        &["accept", "--list"],
        &["store", "ls"],
        &["store", "du"],
        &["store", "gc"],
        &["store", "tags"],
        &["store", "show", &trial],
        &["store", "fsck"],
        &["run", "tiny.toml"],
        &["--help"],
        &["run", "--help"],
        &["--version"],
    ] {
        for (output, code) in [(closed(), 0), (full(), 4)] {
            let mut command = sandbox.command(verb);
            command.stdout(output);
            let said = ended(command);
            assert_eq!(said.code, code, "{verb:?}: {said:?}");
            assert!(!said.err.contains("panicked"), "{verb:?}: {said:?}");
            let words = "the output could not be written";
            assert_eq!(said.err.contains(words), code == 4, "{verb:?}: {said:?}");
        }
    }
}

#[test]
fn an_error_that_nobody_can_read_has_its_exit_code_all_the_same() {
    let sandbox = Sandbox::new();
    for (verb, code) in [(&["plan", "none.toml"][..], 3), (&["no-such-verb"], 2), (&[], 2)] {
        for output in [closed(), full()] {
            let mut command = sandbox.command(verb);
            command.stderr(output);
            assert_eq!(ended(command).code, code, "{verb:?}");
        }
    }
}

#[test]
fn no_word_of_a_spec_and_no_file_name_commands_the_terminal() {
    let sandbox = Sandbox::new();
    // In a question, a note and names of files; as TOML has it, and as it is.
    let name = "one.toml";
    let text = tiny("").replace("Does it run?", "Does \\u001b[31mit\\u001b]0;title\\u0007 run?");
    let text = text.replace("seeds = 2", "seeds = 1");
    sandbox.write(name, &text);
    sandbox.write("odd\u{1b}[2J\u{9b}31m.toml", &text);
    sandbox.write("bad\u{1b}[8m.toml", &text.replace("steps = 3\n", "\"\\u001b[8m\" = 3\n"));
    let commands = |text: &str| {
        text.chars().any(|letter| letter.is_control() && letter != '\n' && letter != '\t')
    };
    for verb in [
        &["spec", "check", name][..],
        &["spec", "check", "bad\u{1b}[8m.toml"],
        &["spec", "check", "none\u{1b}[8m.toml"],
        &["spec", "check", "odd\u{1b}[2J\u{9b}31m.toml"],
        &["spec", "show", name],
        &["no\u{1b}[8mverb"],
        &["plan", name],
        &["run", name],
        &["run", name],
        &["table", name],
        &["report", name, "--out", "report"],
        &["store", "tag", "one", name, "--note", "\u{1b}[5mnote\u{202e}"],
        &["store", "tags"],
        &["store", "ls"],
        &["ls", "--json"],
    ] {
        let said = sandbox.jem(verb);
        assert!(!commands(&said.out) && !commands(&said.err), "{verb:?}: {said:?}");
    }
    let shown = sandbox.ok(&["plan", name]);
    assert!(shown.contains("one: Does \\u001b[31mit\\u001b]0;title"), "{shown}");
    let tags = sandbox.ok(&["store", "tags"]);
    assert!(tags.contains("\\u001b[5mnote\\u202e"), "{tags}");
}
