//! Where the outcome of an act can be seen, when its answer cannot.

use std::collections::BTreeMap;

/// The nearest path that can be read: the one that was asked, else the thing or the list that it stands below.
pub(super) fn nearest(methods: &BTreeMap<String, String>, path: &str) -> Option<String> {
    let mut path = path.trim_end_matches('/');
    while !path.is_empty() {
        let readable = |(pattern, methods): (&String, &String)| {
            fits(pattern, path) && methods.split(", ").any(|method| method == "GET")
        };
        if methods.iter().any(readable) {
            return Some(path.to_owned());
        }
        path = path.rsplit_once('/')?.0;
    }
    None
}

fn fits(pattern: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(part), Some(segment)) if part == segment || part.starts_with('{') => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_path_itself_or_what_it_stands_below() {
        let known = [
            ("/desk/people", "GET, POST"),
            ("/desk/referrals", "GET, POST"),
            ("/desk/referrals/{referral}", "GET"),
            ("/desk/referrals/{referral}/sending", "POST"),
            ("/desk/members", "GET"),
            ("/desk/members/lookups", "POST"),
        ];
        let methods = known.map(|(path, methods)| (path.to_owned(), methods.to_owned())).into();
        for (path, see) in [
            ("/desk/people", Some("/desk/people")),
            ("/desk/referrals/7f/sending", Some("/desk/referrals/7f")),
            ("/desk/members/lookups", Some("/desk/members")),
            ("/desk/nowhere", None),
        ] {
            assert_eq!(nearest(&methods, path).as_deref(), see, "{path}");
        }
    }
}
