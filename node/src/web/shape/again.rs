//! Reading again, and again, until nothing new is found.

use serde::de::DeserializeOwned;
use serde_json::Value;
use staffetta_protocol::card::{self, Check, Refusal};
use staffetta_protocol::problem::FieldError;

use super::MOST;

/// How often a body is read, at most: twice for each entry that is told of an ordinary form.
const PASSES: usize = 64;

/// What the schema says of a word that is none of its own.
const UNLISTED: &str = Refusal::NotInList.code();

/// Everything that is wrong with a body of which `first` was found by reading it and `form` by its schema.
///
/// Reading visits members in the order of the text and stops at the first that does not fit. So it is given the same
/// values in another order: what is not known to be wrong first, then what is, then what it has stopped at before. Once
/// it stops there again, it has seen all the rest.
pub(in crate::web) fn everything<T: DeserializeOwned + Check>(
    body: &Value,
    form: Vec<FieldError>,
    first: Vec<FieldError>,
) -> Vec<FieldError> {
    let mut found = form;
    nulls(body, String::new(), &mut found);
    if found.is_empty() {
        found = first;
    }
    let mut stopped: Vec<String> = Vec::new();
    for _ in 0..PASSES {
        let mut order = Order { known: &found, stopped: &stopped, moved: Vec::new(), text: String::new() };
        order.write(body, "");
        let Order { moved, text, .. } = order;
        let Err(errors) = card::read::<T>(&text) else { break };
        let mut fresh = Vec::new();
        let mut again = None;
        for mut error in errors {
            error.field = place(&error.field, &moved);
            // A list in a schema says which words there are; the type may know why another is none of them.
            let unlisted = |known: &&mut FieldError| known.field == error.field && known.code == UNLISTED;
            if let Some(known) = found.iter_mut().find(unlisted) {
                *known = error.clone();
            }
            if found.iter().any(|known| touches(&known.field, &error.field)) {
                again = Some(error.field);
            } else {
                fresh.push(error);
            }
        }
        match again {
            _ if !fresh.is_empty() => found.extend(fresh),
            Some(place) if !stopped.contains(&place) => stopped.push(place),
            _ => break,
        }
        if found.len() >= MOST {
            break;
        }
    }
    rules::<T>(body, &mut found);
    found.truncate(MOST);
    found
}

/// Adds what the rules over several values find in what can be read. For that everything else is taken out; and since a
/// rule may be about just what is missing then, only objects from which nothing was taken are judged.
fn rules<T: DeserializeOwned + Check>(body: &Value, found: &mut Vec<FieldError>) {
    let mut rest = body.clone();
    for known in found.iter() {
        take_out(&mut rest, &known.field);
    }
    let Err(errors) = card::read::<T>(&rest.to_string()) else { return };
    let is_whole =
        |object: &str| !found.iter().any(|known| touches(&known.field, object) && known.field.len() >= object.len());
    let of_objects = |error: &FieldError| error.field.rsplit_once('/').is_some_and(|(object, _)| is_whole(object));
    let fresh: Vec<FieldError> = errors.into_iter().filter(of_objects).collect();
    found.extend(fresh);
}

/// Takes the member out that stands there, or, of an entry of a list, the list: the other entries keep their places.
fn take_out(body: &mut Value, place: &str) {
    let mut place = place;
    while let Some((above, name)) = place.rsplit_once('/') {
        if let Some(Value::Object(members)) = body.pointer_mut(above) {
            members.remove(name);
            return;
        }
        place = above;
    }
}

/// What is absent is left out: a `null` is of the wrong type, whatever the schema.
fn nulls(value: &Value, at: String, found: &mut Vec<FieldError>) {
    match value {
        Value::Null if !found.iter().any(|known| known.field == at) => found.push(Refusal::WrongType.at(at)),
        Value::Object(members) => {
            let plain = members.iter().filter(|(name, _)| super::is_plain(name));
            plain.for_each(|(name, value)| nulls(value, format!("{at}/{name}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| nulls(item, format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

/// Whether one of two places is the other or within it.
fn touches(one: &str, other: &str) -> bool {
    let within = |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
    one == other || within(one, other) || within(other, one)
}

/// A value as text, in the order in which it is to be read.
struct Order<'a> {
    known: &'a [FieldError],
    stopped: &'a [String],
    /// Lists whose entries stand elsewhere now, by the place of the list: which entry comes at each position.
    moved: Vec<(String, Vec<usize>)>,
    text: String,
}

impl Order<'_> {
    fn write(&mut self, value: &Value, at: &str) {
        match value {
            Value::Object(members) => {
                let mut entries: Vec<_> = members.iter().filter(|(_, value)| !value.is_null()).collect();
                entries.sort_by_key(|(name, _)| self.rank(&format!("{at}/{name}")));
                self.text.push('{');
                for (index, (name, value)) in entries.into_iter().enumerate() {
                    self.text.push_str(if index > 0 { "," } else { "" });
                    self.text.push_str(&Value::from(name.as_str()).to_string());
                    self.text.push(':');
                    self.write(value, &format!("{at}/{name}"));
                }
                self.text.push('}');
            }
            Value::Array(items) => {
                let mut order: Vec<usize> = (0..items.len()).collect();
                order.sort_by_key(|index| self.rank(&format!("{at}/{index}")));
                self.text.push('[');
                for (position, index) in order.iter().enumerate() {
                    self.text.push_str(if position > 0 { "," } else { "" });
                    self.write(&items[*index], &format!("{at}/{index}"));
                }
                self.text.push(']');
                self.moved.push((at.to_owned(), order));
            }
            plain => self.text.push_str(&plain.to_string()),
        }
    }

    /// 0 where nothing is known to be wrong, 1 where something is, 2 where reading has stopped.
    fn rank(&self, at: &str) -> u8 {
        let here = |place: &str| place == at || place.strip_prefix(at).is_some_and(|rest| rest.starts_with('/'));
        if self.stopped.iter().any(|place| here(place)) {
            2
        } else {
            u8::from(self.known.iter().any(|entry| here(&entry.field)))
        }
    }
}

/// Where a place of the text that was read stands in what was sent.
fn place(read: &str, moved: &[(String, Vec<usize>)]) -> String {
    let mut place = String::new();
    for part in read.split('/').skip(1) {
        let list = moved.iter().find(|(list, _)| *list == place);
        let index = list.and_then(|(_, order)| order.get(part.parse::<usize>().ok()?));
        let part = index.map_or_else(|| part.to_owned(), usize::to_string);
        place = format!("{place}/{part}");
    }
    place
}
