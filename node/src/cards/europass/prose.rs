//! The texts of Europass editors are HTML inside XML. It is read for its words and its lines, and nothing of it is ever
//! shown as HTML here.

/// Elements that stand on lines of their own.
const BLOCKS: &[&str] = &["p", "div", "br", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6", "tr"];

/// A tag longer than that is none: looking for its end costs every `<` of a hostile text so much and no more.
const LONGEST_TAG: usize = 512;

/// The lines of a text: block by block, without markup, entities as what they stand for. Blank ones are dropped.
pub(super) fn lines(html: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&', '\n', '\r', '\t']) {
        let (before, here) = rest.split_at(at);
        push(&mut lines, before);
        rest = match here.as_bytes()[0] {
            b'<' => tag(here, &mut lines),
            b'&' => entity(here, &mut lines),
            _ => {
                push(&mut lines, " ");
                &here[1..]
            }
        };
    }
    push(&mut lines, rest);
    lines.into_iter().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

fn push(lines: &mut [String], text: &str) {
    if let Some(line) = lines.last_mut() {
        line.push_str(text);
    }
}

/// Past a tag; a `<` that opens none is a letter.
fn tag<'t>(here: &'t str, lines: &mut Vec<String>) -> &'t str {
    let inside = here[1..].strip_prefix('/').unwrap_or(&here[1..]);
    let name: String = inside.chars().take_while(char::is_ascii_alphanumeric).collect();
    let opens = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let end = here.bytes().take(LONGEST_TAG).position(|byte| byte == b'>').filter(|_| opens);
    let Some(end) = end else {
        push(lines, "<");
        return &here[1..];
    };
    if BLOCKS.contains(&name.to_ascii_lowercase().as_str()) {
        lines.push(String::new());
    }
    &here[end + 1..]
}

/// Past an entity of HTML that we write or that editors do; of others the letters stand.
fn entity<'t>(here: &'t str, lines: &mut [String]) -> &'t str {
    const NAMED: &[(&str, &str)] =
        &[("amp", "&"), ("lt", "<"), ("gt", ">"), ("quot", "\""), ("apos", "'"), ("nbsp", " ")];
    let end = here.bytes().take(12).position(|byte| byte == b';');
    if let Some(end) = end {
        let name = &here[1..end];
        let number = name.strip_prefix('#').and_then(|digits| match digits.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => digits.parse().ok(),
        });
        let known = NAMED.iter().find(|(known, _)| *known == name).map(|(_, meant)| (*meant).to_owned());
        if let Some(meant) = known.or_else(|| number.and_then(char::from_u32).map(String::from)) {
            push(lines, &meant);
            return &here[end + 1..];
        }
    }
    push(lines, "&");
    &here[1..]
}

/// Words as HTML, for an editor that will read them as such.
pub(super) fn html(text: &str) -> String {
    quick_xml::escape::partial_escape(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn markup_goes_and_lines_stay() {
        let text = "<p>Team &amp; work<br/>in <b>two</b>&nbsp;places</p><ul><li>one</li><li> </li><li>2 < 3</li></ul>";
        assert_eq!(lines(text), ["Team & work", "in two places", "one", "2 < 3"]);
        assert_eq!(lines("a\nb"), ["a b"]);
        assert_eq!(lines("<script>x</script>"), ["x"]);
        assert_eq!(lines("&unknown; &#233; &#xe9; & <"), ["&unknown; é é & <"]);
        assert_eq!(lines(""), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn what_we_write_is_read_as_it_was(text in "[\\p{L}0-9<>&;'\" -]{0,60}") {
            let expected: Vec<&str> = Some(text.trim()).filter(|text| !text.is_empty()).into_iter().collect();
            prop_assert_eq!(lines(&html(&text)), expected);
        }

        #[test]
        fn nothing_panics(text in "\\PC*") {
            let _ = lines(&text);
        }
    }
}
