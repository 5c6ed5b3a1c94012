//! From the XML of version 3 to the one form, and back: lists and dates are all in which they differ.

use super::{DATES, LISTS, NAMESPACE};
use crate::cards::europass::tree::Tree;

const PARTS: [(&str, &str); 3] = [("Year", "year"), ("Month", "month"), ("Day", "day")];

/// The one form of an element that was read from XML.
pub(in crate::cards::europass) fn from_xml(mut tree: Tree) -> Tree {
    let children = std::mem::take(&mut tree.children);
    for child in children {
        if !child.foreign && LISTS.iter().any(|(_, list)| *list == child.name) {
            tree.children.extend(child.children.into_iter().map(from_xml));
        } else {
            tree.children.push(from_xml(child));
        }
    }
    if DATES.contains(&tree.name.as_str()) {
        // `--08` and `---01` are how XML Schema writes a month and a day that belong to no year.
        let parts = PARTS.iter().filter_map(|(part, attribute)| {
            let value = tree.attribute_of(attribute)?;
            Some(Tree::leaf(part, value.trim_start_matches('-')))
        });
        let parts: Vec<Tree> = parts.collect();
        tree.children.extend(parts);
    }
    tree
}

/// As XML has it.
pub(in crate::cards::europass) fn to_xml(tree: &Tree) -> Tree {
    let mut out = Tree { children: Vec::new(), ..tree.clone() };
    if DATES.contains(&tree.name.as_str()) {
        for ((part, attribute), dashes) in PARTS.iter().zip(["", "--", "---"]) {
            if let Some(value) = tree.child(part) {
                let width = if *part == "Year" { 4 } else { 2 };
                out.attributes.push(((*attribute).to_owned(), format!("{dashes}{:0>width$}", value.text)));
            }
        }
        return out;
    }
    if tree.name == super::ROOT {
        out.attributes.push(("xmlns".to_owned(), NAMESPACE.to_owned()));
        let locale = tree.child("Locale").map_or("it", |locale| locale.text.as_str());
        out.attributes.push(("locale".to_owned(), locale.to_owned()));
    }
    for child in tree.children.iter().filter(|child| child.name != "Locale") {
        let inner = to_xml(child);
        match LISTS.iter().find(|(name, _)| *name == child.name) {
            Some((_, list)) => match out.children.last_mut().filter(|last| last.name == *list) {
                Some(open) => open.children.push(inner),
                None => out.children.push(Tree::new(list).with(inner)),
            },
            None => out.children.push(inner),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_dates_go_there_and_back() {
        let date = Tree::new("From").with(Tree::leaf("Year", "2002")).with(Tree::leaf("Month", "8"));
        let done = |year: Tree| Tree::new("WorkExperience").with(Tree::new("Period").with(year));
        let learner = Tree::new("LearnerInfo").with(done(date.clone())).with(done(date));
        let xml = to_xml(&learner);
        let list = xml.child("WorkExperienceList").unwrap();
        assert_eq!(list.children.len(), 2);
        let from = list.at(&["WorkExperience", "Period", "From"]).unwrap();
        assert_eq!((from.attribute_of("year"), from.attribute_of("month")), (Some("2002"), Some("--08")));
        let back = from_xml(xml);
        assert_eq!(back.children.len(), 2);
        let from = back.at(&["WorkExperience", "Period", "From"]).unwrap();
        assert_eq!(from.child("Month").and_then(Tree::value).as_deref(), Some("08"));
    }
}
