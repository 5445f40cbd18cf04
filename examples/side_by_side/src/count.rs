//! How much code a script is: lines that aren't blank and aren't comments, and the characters in them
//! that aren't spaces.

#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Code {
    pub lines: usize,
    pub characters: usize,
}

pub fn code(source: &str) -> Code {
    let lines = || source.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    let characters = lines().map(|line| line.chars().filter(|c| !c.is_whitespace()).count()).sum();
    Code { lines: lines().count(), characters }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_blank_lines_nor_comments_nor_spaces_count() {
        let source = "//! what\n\n    // why\nfn f() {\n\n    /// docs\n    1 // one\n}\n";
        assert_eq!(code(source), Code { lines: 3, characters: 6 + 6 + 1 });
    }
}
