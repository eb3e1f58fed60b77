//! `paceline completions`.

use crate::environment::TestEnvironment;

#[test]
fn every_shell_has_a_script_that_knows_the_commands() {
    let environment = TestEnvironment::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = environment.run(["completions", shell]);
        assert_eq!(
            (script.code, script.stderr.as_str()),
            (Some(0), ""),
            "{shell}"
        );
        for word in ["paceline", "completions", "max-fail", "exclude-categories"] {
            assert!(script.stdout.contains(word), "{shell}: {word}");
        }
    }
}

/// The shell itself accepts its script and offers the commands.
#[cfg(unix)]
#[test]
fn bash_completes_a_command() {
    let environment = TestEnvironment::new();
    let script = environment.run(["completions", "bash"]).stdout;
    environment.write("paceline.bash", &script);
    let ask = "source ./paceline.bash && COMP_WORDS=(paceline gr) COMP_CWORD=1 && \
               _paceline paceline gr paceline && echo \"${COMPREPLY[@]}\"";
    let mut bash = std::process::Command::new("bash");
    let output = bash
        .args(["-c", ask])
        .current_dir(environment.root())
        .output();
    let answer = environment.invocation(&output.unwrap());
    assert_eq!(answer.stdout.trim(), "graph", "{answer}");
}
