//! Sweeps that are split: over threads, over shards, over processes.

use framestep::replay::{Found, Shard, ShardError};

use super::{sevens, told};

#[test]
fn what_is_found_does_not_depend_on_threads() {
    let found = |threads| sevens().seeds(3..60).threads(threads).run();
    let one = found(1);
    assert_eq!((one.runs(), told(&one).len()), (57, 8));
    assert_eq!(told(&one)[0], "7 0 8 CheckFailed: seven in 7");
    for threads in [2, 5] {
        assert_eq!(found(threads), one);
    }
}

#[test]
fn the_shards_of_a_sweep_are_the_whole() {
    let whole = sevens().seeds(3..60).run();
    for count in 1..=8 {
        let shards: Vec<Shard> = (0..count).map(|index| Shard::new(index, count).unwrap()).collect();
        assert_eq!(shards.iter().map(|shard| shard.share_of(57)).sum::<u64>(), 57);
        let parts: Vec<Found> = shards.iter().map(|shard| sevens().seeds(3..60).shard(*shard).run()).collect();
        for (part, shard) in parts.iter().zip(&shards) {
            assert_eq!(part.runs(), shard.share_of(57), "{shard}");
        }
        // In an order of their own, through their lines.
        let lines: Vec<String> = parts.iter().rev().map(Found::to_json_line).collect();
        let merged = lines.iter().map(|line| Found::from_json_line(line).unwrap()).fold(Found::default(), Found::merge);
        assert_eq!(merged, whole, "{count} shards");
        assert_eq!(merged.to_json_line(), whole.to_json_line());
    }
}

#[test]
fn no_seeds_are_no_runs() {
    for seeds in [0..0, std::ops::Range { start: 5, end: 3 }] {
        let found = sevens().seeds(seeds).run();
        assert_eq!(found, Found::default());
        assert!(!found.is_clean(), "a sweep that did nothing proves nothing");
    }
}

#[test]
fn the_last_seeds_there_are_can_be_swept() {
    let found = sevens().seeds(u64::MAX - 20..u64::MAX).run();
    assert_eq!(found.runs(), 20);
    assert!(!told(&found).is_empty());
}

#[test]
fn what_is_wrong_with_a_shard_is_said() {
    assert_eq!("3/8".parse(), Shard::new(3, 8));
    assert_eq!("3/8".parse::<Shard>().unwrap().to_string(), "3/8");
    for text in ["", "3", "3/", "/8", "a/8", "-1/8", "3/8/1"] {
        assert_eq!(text.parse::<Shard>(), Err(ShardError::NoShard), "{text}");
    }
    let error = |text: &str| text.parse::<Shard>().unwrap_err().to_string();
    assert_eq!(error("8/8"), "there is no shard 8 of 8: shards are counted from 0, so the last is `7/8`");
    assert_eq!(error("0/0"), "there are no shards: `count` is at least 1");
}

#[test]
fn a_line_that_is_no_sweeps_is_refused() {
    let error = |line: &str| Found::from_json_line(line).unwrap_err();
    assert!(error("").starts_with("this is no line of a sweep: "), "{}", error(""));
    let line = sevens().seeds(0..10).run().to_json_line();
    assert!(!line.contains('\n'));
    let digest = line.find("digest\":\"").unwrap() + "digest\":\"".len();
    let mut spoilt = line.clone();
    spoilt.replace_range(digest..digest + 16, "xyz");
    assert_eq!(error(&spoilt), "\"xyz\" is no hash: it has up to 16 hexadecimal digits");
    let spoilt = line.replace("fs1-", "fs1-0");
    assert!(error(&spoilt).contains("mistyped"), "{}", error(&spoilt));
}

/// The example as its users run it, in processes of their own.
#[cfg(all(feature = "bevy_ecs", not(miri)))]
mod processes {
    use std::env;
    use std::path::PathBuf;
    use std::process::{Child, Command, Output, Stdio};

    fn explore() -> Command {
        let deps = env::current_exe().expect("the test has a path");
        let examples = deps.ancestors().nth(2).expect("it lies in target/<profile>/deps").join("examples");
        let path = examples.join(format!("explore{}", env::consts::EXE_SUFFIX));
        assert!(path.exists(), "{} isn't built: run plain `cargo test` with the feature `explore`", path.display());
        Command::new(path)
    }

    fn sweep(shard: &str) -> Child {
        let mut command = explore();
        command.args(["--seeds", "0..200", "--shuffles", "1", "--json", "--shard", shard]);
        command.stdout(Stdio::piped()).spawn().expect("the example starts")
    }

    fn stdout(output: &Output) -> String {
        String::from_utf8(output.stdout.clone()).expect("it writes UTF-8")
    }

    #[test]
    fn shards_in_processes_of_their_own_are_the_whole() {
        let shards: Vec<Child> = ["0/4", "1/4", "2/4", "3/4"].into_iter().map(sweep).collect();
        let whole = sweep("0/1").wait_with_output().unwrap();
        let folder = env::temp_dir().join(format!("framestep-shards-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let files: Vec<PathBuf> = (0..4).map(|shard| folder.join(format!("{shard}.json"))).collect();
        for (child, file) in shards.into_iter().zip(&files) {
            std::fs::write(file, child.wait_with_output().unwrap().stdout).unwrap();
        }
        let merged = explore().arg("--merge").args(&files).arg("--json").output().unwrap();
        std::fs::remove_dir_all(folder).unwrap();
        assert_eq!(stdout(&merged), stdout(&whole));
        assert_eq!((merged.status.code(), whole.status.code()), (Some(1), Some(1)), "there is a flaw to be found");
        assert!(stdout(&whole).contains("Ann and Bea are inside"));
    }

    #[test]
    fn a_code_that_was_printed_plays_again() {
        let found = explore().args(["--seeds", "0..200"]).output().unwrap();
        let text = stdout(&found);
        let code = text.split_whitespace().find(|word| word.starts_with("fs1-")).expect("a run failed");
        let again = explore().args(["--replay", code]).output().unwrap();
        let again = (again.status.code(), stdout(&again));
        assert_eq!(again.0, Some(1));
        assert!(again.1.starts_with("frame ") && again.1.contains("Ann and Bea are inside"), "{}", again.1);
        let mistyped = explore().args(["--replay", &code.replace("fs1-", "fs1-0")]).output().unwrap();
        assert_eq!(mistyped.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&mistyped.stderr).contains("the code was mistyped"));
    }
}
