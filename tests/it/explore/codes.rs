//! The code of a run.

use framestep::replay::{RunCode, RunCodeError};
use proptest::prelude::*;

use super::{sevens, told};

const CODE: RunCode = RunCode { seed: 417, order: 2, frames: 3600, options: 0x5EED };

proptest! {
    #[test]
    fn a_code_is_read_as_it_was_written(seed: u64, order: u32, frames: u64, options: u32) {
        let code = RunCode { seed, order, frames, options };
        let text = code.to_string();
        prop_assert_eq!(text.parse(), Ok(code));
        prop_assert_eq!(text.to_uppercase().parse(), Ok(code));
    }

    #[test]
    fn any_text_is_a_code_or_an_error(text: String, body in "fs1-[0-9a-z]{0,40}") {
        for text in [text, body] {
            if let Ok(code) = text.parse::<RunCode>() {
                prop_assert_eq!(code.to_string().parse(), Ok(code));
            }
        }
    }
}

#[test]
fn codes_of_the_ends_of_all_ranges_are_read() {
    for seed in [0, 1, 127, 128, u64::MAX] {
        for order in [0, u32::MAX] {
            for frames in [0, u64::MAX] {
                let code = RunCode { seed, order, frames, options: 0 };
                assert_eq!(code.to_string().parse(), Ok(code));
            }
        }
    }
}

#[test]
fn one_wrong_character_and_two_that_are_swapped_are_found() {
    let text = CODE.to_string();
    let body = "fs1-".len();
    for at in body..text.len() {
        for other in "0123456789abcdefghjkmnpqrstvwxyz".chars() {
            let mut wrong = text.clone();
            wrong.replace_range(at..=at, &other.to_string());
            if wrong != text {
                assert_eq!(wrong.parse::<RunCode>(), Err(RunCodeError::Mistyped), "{wrong}");
            }
        }
        let mut swapped = text.clone().into_bytes();
        if at + 1 < text.len() && swapped[at] != swapped[at + 1] {
            swapped.swap(at, at + 1);
            let swapped = String::from_utf8(swapped).unwrap();
            assert_eq!(swapped.parse::<RunCode>(), Err(RunCodeError::Mistyped), "{swapped}");
        }
    }
}

#[test]
fn whatever_else_is_wrong_with_a_code_is_said() {
    let error = |text: &str| text.parse::<RunCode>().unwrap_err();
    assert_eq!(error(""), RunCodeError::NoCode);
    assert_eq!(error("seed 7"), RunCodeError::NoCode);
    assert_eq!(error("fs2-abc"), RunCodeError::Version);
    assert_eq!(error("fs1-"), RunCodeError::Length);
    assert_eq!(error("fs1-2"), RunCodeError::Length, "a check character of nothing");
    assert_eq!(error("fs1-ab!c"), RunCodeError::Character { char: '!', at: 7 });
    assert_eq!(
        error("fs1-ab!c").to_string(),
        "'!' at place 7 is in no code: paste it again, without what stands around it"
    );
    // Space around it and letters that look like digits do no harm.
    let text = format!("  {}\n", CODE.to_string().replace('0', "O"));
    assert_eq!(text.parse(), Ok(CODE));
}

#[test]
fn a_run_plays_again_from_its_code_in_text() {
    let found = sevens().seeds(0..30).run();
    assert_eq!(told(&found).len(), 5);
    for failure in found.failures() {
        let code: RunCode = failure.code.to_string().parse().unwrap();
        let again = sevens().replay(code).unwrap();
        assert_eq!(again.failures().next(), Some(failure));
        assert_eq!(again.runs(), 1);
    }
}

#[test]
fn a_code_of_a_sweep_with_other_options_is_refused() {
    let code = sevens().option("map", "vault").code(7, 0);
    let refused = sevens().replay(code).unwrap_err();
    assert!(matches!(refused, RunCodeError::Options { .. }), "{refused}");
    assert!(refused.to_string().starts_with("the run was found with other options (hash "), "{refused}");
    assert!(sevens().option("map", "vault").replay(code).is_ok());
    assert_eq!(sevens().option("map", "vault").setup_of(code).options["map"], "vault");
}
