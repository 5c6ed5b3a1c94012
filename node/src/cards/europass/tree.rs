//! A CV as elements in elements, whatever it was written in. Both mappings read and write this, and know no syntax.

use std::fmt;

/// One element. `Debug` shows its name only: the rest is somebody's life.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Tree {
    /// Its place in the order of the document, from 0: what a report refers to.
    pub(super) id: usize,
    /// Its name. Of one that was read without, of one that is to be written with its prefix.
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    /// The text that stands directly in it.
    pub(super) text: String,
    pub(super) children: Vec<Tree>,
    /// It stands in a namespace that no Europass schema has, so its name means nothing here.
    pub(super) foreign: bool,
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tree({})", self.name)
    }
}

impl Tree {
    /// An element to be filled.
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// An element that holds text and nothing else.
    pub(super) fn leaf(name: &str, text: impl fmt::Display) -> Self {
        Self { text: text.to_string(), ..Self::new(name) }
    }

    /// With an attribute.
    pub(super) fn attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With another element in it.
    pub(super) fn with(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    /// With these elements in it, in their order.
    pub(super) fn with_all(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.children.extend(children);
        self
    }

    /// Nothing, where there is nothing in it: an empty element says less than none.
    pub(super) fn unless_empty(self) -> Option<Self> {
        (!self.children.is_empty() || !self.text.is_empty()).then_some(self)
    }

    /// The first element of that name in it.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.all(name).next()
    }

    /// The elements of that name in it.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(move |child| !child.foreign && child.name == name)
    }

    /// The first element on that way down.
    pub(super) fn at(&self, way: &[&str]) -> Option<&Self> {
        way.iter().try_fold(self, |here, name| here.child(name))
    }

    /// Its text without the white space around it; nothing where there is none. Line breaks are spaces: every value of
    /// a CV but its prose is one line.
    pub(super) fn value(&self) -> Option<String> {
        let line: String = self.text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }).collect();
        let line = line.trim();
        (!line.is_empty()).then(|| line.to_owned())
    }

    /// The value of an attribute.
    pub(super) fn attribute_of(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Numbers the elements in the order of the document; says how many there are.
    pub(super) fn number(&mut self) -> usize {
        fn down(tree: &mut Tree, next: &mut usize) {
            tree.id = *next;
            *next += 1;
            tree.children.iter_mut().for_each(|child| down(child, next));
        }
        let mut next = 0;
        down(self, &mut next);
        next
    }
}
