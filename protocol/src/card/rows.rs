//! The mould of the table: rows are brought to one form first, then everything is made from that form.

macro_rules! card_table {
    // Each row becomes {docs, meta, wire, held}. `held` is absent from rows that are made from others.
    (@row [$($done:tt)*] $head:tt [$($out:tt)*]
        $(#[doc = $doc:literal])+ [$section:ident $class:ident $standard:literal $($level:ident)?]
        one $name:ident: $type:ident $(<$($n:tt),+>)?; $($rest:tt)*
    ) => { card_table! {@row [$($done)*] $head [$($out)* {
        $(#[doc = $doc])+ meta $section $class $standard [$($level)?] "1", stringify!($type $(<$($n),+>)?);
        wire [] $name: ($type $(<$($n),+>)?) = |card, _| card.$name.clone().ok_or(Refusal::Required);
        held [$(#[doc = $doc])+ #[serde(skip_serializing_if = "Option::is_none")] #[schema(nullable = false)]]
            (Option<$type $(<$($n),+>)?>) = None;
    }] $($rest)*} };
    (@row [$($done:tt)*] $head:tt [$($out:tt)*]
        $(#[doc = $doc:literal])+ [$section:ident $class:ident $standard:literal $($level:ident)?]
        set $name:ident: $type:ident = $default:expr; $($rest:tt)*
    ) => { card_table! {@row [$($done)*] $head [$($out)* {
        $(#[doc = $doc])+ meta $section $class $standard [$($level)?] "1", stringify!($type);
        wire [] $name: ($type) = |card, _| Ok(card.$name.clone());
        held [$(#[doc = $doc])+] ($type) = $default;
    }] $($rest)*} };
    (@row [$($done:tt)*] $head:tt [$($out:tt)*]
        $(#[doc = $doc:literal])+ [$section:ident $class:ident $standard:literal $($level:ident)?]
        opt $name:ident: $type:ident $(<$($n:tt),+>)?; $($rest:tt)*
    ) => { card_table! {@row [$($done)*] $head [$($out)* {
        $(#[doc = $doc])+ meta $section $class $standard [$($level)?] "0..1", stringify!($type $(<$($n),+>)?);
        wire [#[serde(default, skip_serializing_if = "Option::is_none")] #[schema(nullable = false)]]
            $name: (Option<$type $(<$($n),+>)?>) = |card, _| Ok(card.$name.clone());
        held [$(#[doc = $doc])+ #[serde(skip_serializing_if = "Option::is_none")] #[schema(nullable = false)]]
            (Option<$type $(<$($n),+>)?>) = None;
    }] $($rest)*} };
    (@row [$($done:tt)*] $head:tt [$($out:tt)*]
        $(#[doc = $doc:literal])+ [$section:ident $class:ident $standard:literal $($level:ident)?]
        many $name:ident: $type:ident, $max:tt; $($rest:tt)*
    ) => { card_table! {@row [$($done)*] $head [$($out)* {
        $(#[doc = $doc])+ meta $section $class $standard [$($level)?] concat!("0..", $max), stringify!($type);
        wire [#[serde(default, skip_serializing_if = "<[_]>::is_empty")]
              #[schema(value_type = Vec<$type>, min_items = 0, max_items = $max)]]
            $name: (List<$type, 0, $max>) = |card, _| Ok(card.$name.clone());
        held [$(#[doc = $doc])+ #[serde(skip_serializing_if = "<[_]>::is_empty")]
              #[schema(value_type = Vec<$type>, min_items = 0, max_items = $max)]]
            (List<$type, 0, $max>) = List::none();
    }] $($rest)*} };
    (@row [$($done:tt)*] $head:tt [$($out:tt)*]
        $(#[doc = $doc:literal])+ [$section:ident $class:ident $standard:literal $($level:ident)?]
        many $name:ident: $type:ident, $max:tt seen_as $seen:ident = $made:expr; $($rest:tt)*
    ) => { card_table! {@row [$($done)*] $head [$($out)* {
        $(#[doc = $doc])+ meta $section $class $standard [$($level)?] concat!("0..", $max), stringify!($seen);
        wire [#[serde(default, skip_serializing_if = "<[_]>::is_empty")]
              #[schema(value_type = Vec<$seen>, min_items = 0, max_items = $max)]]
            $name: (List<$seen, 0, $max>) = |card, pairwise| {
                let made: fn(&Card, Pairwise<'_>) -> Vec<$seen> = $made;
                List::new(made(card, pairwise))
            };
        held [$(#[doc = $doc])+ #[serde(skip_serializing_if = "<[_]>::is_empty")]
              #[schema(value_type = Vec<$type>, min_items = 0, max_items = $max)]]
            (List<$type, 0, $max>) = List::none();
    }] $($rest)*} };
    (@row [$($done:tt)*] $head:tt [$($out:tt)*]
        $(#[doc = $doc:literal])+ [$section:ident $class:ident $standard:literal $($level:ident)?]
        some $name:ident: $type:ident, $max:tt; $($rest:tt)*
    ) => { card_table! {@row [$($done)*] $head [$($out)* {
        $(#[doc = $doc])+ meta $section $class $standard [$($level)?] concat!("1..", $max), stringify!($type);
        wire [#[schema(value_type = Vec<$type>, min_items = 1, max_items = $max)]]
            $name: (List<$type, 1, $max>) = |card, _| {
                List::new(card.$name.to_vec()).map_err(|_| Refusal::Required)
            };
        held [$(#[doc = $doc])+ #[serde(skip_serializing_if = "<[_]>::is_empty")]
              #[schema(value_type = Vec<$type>, min_items = 0, max_items = $max)]]
            (List<$type, 0, $max>) = List::none();
    }] $($rest)*} };
    // One that begins with something is written also when it is empty: left out, it would begin anew.
    (@row [$($done:tt)*] $head:tt [$($out:tt)*]
        $(#[doc = $doc:literal])+ [$section:ident $class:ident $standard:literal $($level:ident)?]
        some $name:ident: $type:ident, $max:tt = $default:expr; $($rest:tt)*
    ) => { card_table! {@row [$($done)*] $head [$($out)* {
        $(#[doc = $doc])+ meta $section $class $standard [$($level)?] concat!("1..", $max), stringify!($type);
        wire [#[schema(value_type = Vec<$type>, min_items = 1, max_items = $max)]]
            $name: (List<$type, 1, $max>) = |card, _| {
                List::new(card.$name.to_vec()).map_err(|_| Refusal::Required)
            };
        held [$(#[doc = $doc])+ #[schema(value_type = Vec<$type>, min_items = 0, max_items = $max)]]
            (List<$type, 0, $max>) = List::new($default).expect("the table's own default fits");
    }] $($rest)*} };
    (@row [$($done:tt)*] $head:tt [$($out:tt)*]
        $(#[doc = $doc:literal])+ [$section:ident $class:ident $standard:literal $($level:ident)?]
        part $name:ident: $type:ident $(<$($n:tt),+>)? = $made:expr; $($rest:tt)*
    ) => { card_table! {@row [$($done)*] $head [$($out)* {
        $(#[doc = $doc])+ meta $section $class $standard [$($level)?] "1", stringify!($type $(<$($n),+>)?);
        wire [] $name: ($type $(<$($n),+>)?) = |card, pairwise| {
            let made: fn(&Card, Pairwise<'_>) -> $type $(<$($n),+>)? = $made;
            Ok(made(card, pairwise))
        };
    }] $($rest)*} };
    (@row [$($done:tt)*] $head:tt [$($out:tt)*]
        $(#[doc = $doc:literal])+ [$section:ident $class:ident $standard:literal $($level:ident)?]
        parts $name:ident: $type:ident, $max:tt = $made:expr; $($rest:tt)*
    ) => { card_table! {@row [$($done)*] $head [$($out)* {
        $(#[doc = $doc])+ meta $section $class $standard [$($level)?] concat!("0..", $max), stringify!($type);
        wire [#[serde(default, skip_serializing_if = "<[_]>::is_empty")]
              #[schema(value_type = Vec<$type>, min_items = 0, max_items = $max)]]
            $name: (List<$type, 0, $max>) = |card, pairwise| {
                let made: fn(&Card, Pairwise<'_>) -> Vec<$type> = $made;
                List::new(made(card, pairwise))
            };
    }] $($rest)*} };
    // A part of an entry that stays here, or a value computed here: in the table, and nowhere else.
    (@row [$($done:tt)*] $head:tt [$($out:tt)*]
        $(#[doc = $doc:literal])+ [$section:ident $class:ident $standard:literal]
        aside $name:ident: $type:ident; $($rest:tt)*
    ) => { card_table! {@row [$($done)*] $head [$($out)* {
        $(#[doc = $doc])+ meta $section $class $standard [] "0..1", stringify!($type);
        wire [] $name: ($type) = ();
    }] $($rest)*} };
    // A group is through: on to the next, or to what is made of all.
    (@row [$($done:tt)*] [$($head:tt)*] [$($out:tt)*] @group [$($next:tt)*] $($rest:tt)*) => {
        card_table! {@row [$($done)* [$($head)* {$($out)*}]] [$($next)*] [] $($rest)*}
    };
    // The rows that stay here come last, and their wire forms go nowhere.
    (@row [$($done:tt)*] [$($head:tt)*] [$($out:tt)*] @local $($rest:tt)*) => {
        card_table! {@row [$($done)* [$($head)* {$($out)*}]] [@local] [] $($rest)*}
    };
    (@row [$($done:tt)*] [@local] [$($out:tt)*] @end) => {
        card_table! {@made $($done)* @local {$($out)*}}
    };

    (@made $([$(#[doc = $group_doc:literal])+ $struct:ident $group:ident $group_code:literal {$({
        $(#[doc = $doc:literal])+
        meta $section:ident $class:ident $standard:literal [$($level:ident)?] $cardinality:expr, $type_name:expr;
        wire [$($wire_attr:tt)*] $name:ident: ($($wire:tt)+) = $made:expr;
        $(held [$($held_attr:tt)*] ($($held:tt)+) = $default:expr;)?
    })*}])+ @local {$({
        $(#[doc = $local_doc:literal])+
        meta $local_section:ident $local_class:ident $local_standard:literal [] $local_cardinality:expr, $local_type:expr;
        wire [$($unused_attr:tt)*] $local:ident: ($($unused:tt)+) = $unused_made:expr;
        $(held [$($local_attr:tt)*] ($($local_held:tt)+) = $local_default:expr;)?
    })*}) => {
        $(
            $(#[doc = $group_doc])+
            #[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
            #[serde(deny_unknown_fields)]
            pub struct $struct {
                $($(#[doc = $doc])+ $($wire_attr)* pub $name: $($wire)+,)*
            }

            impl $struct {
                /// The group that this is.
                pub const GROUP: Group = Group::$group;

                /// Takes from the card what belongs to the group and nothing else. Of a field whose own level has not
                /// been reached yet, nothing is taken.
                ///
                /// # Errors
                /// The fields that the card still lacks.
                pub fn from_card(card: &Card, reached: Level, pairwise: Pairwise<'_>) -> Result<Self, Vec<FieldError>> {
                    let mut missing = Vec::new();
                    let empty = Card::default();
                    $(
                        let made: fn(&Card, Pairwise<'_>) -> Result<$($wire)+, Refusal> = $made;
                        let level = Level::of_row(Some(Group::$group), &[$(Level::$level)?]);
                        let early = level > Level::of(Group::$group) && level > reached;
                        let $name = made(if early { &empty } else { card }, pairwise)
                            .map_err(|refusal| missing.push(refusal.at(concat!("/", stringify!($name)))))
                            .ok();
                    )*
                    if !missing.is_empty() {
                        return Err(missing);
                    }
                    $(let Some($name) = $name else { return Err(missing) };)*
                    Ok(Self { $($name,)* })
                }

                /// The level that must be reached for this to cross: of the group, or of a later field that is in it.
                #[must_use]
                pub fn level(&self) -> Level {
                    [Level::of(Group::$group) $($(, if self.$name.is_there() {
                        Level::$level
                    } else {
                        Level::Preview
                    })?)*].into_iter().max().unwrap_or(Level::Never)
                }
            }

            impl Check for $struct {
                fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
                    $(self.$name.check(&at.key(stringify!($name)), found);)*
                    self.rules(at, found);
                }
            }

            impl std::fmt::Debug for $struct {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.debug_struct(stringify!($struct)).finish_non_exhaustive()
                }
            }
        )+

        /// The card as the node that holds it keeps it: every field once, in full. It may be incomplete while it is being
        /// written; [`Card::missing_for_preview`] and [`Card::missing_for_referral`] say what a step still needs.
        #[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct Card {
            $($($($($held_attr)* pub $name: $($held)+,)?)*)+
            $($($($local_attr)* pub $local: $($local_held)+,)?)*
        }

        impl Card {
            /// The card without the rows that stay at the node which holds it.
            pub(super) fn without_local(&self) -> Self {
                let mut card = self.clone();
                $($({
                    let start: $($local_held)+ = $local_default;
                    card.$local = start;
                })?)*
                card
            }
        }

        impl Default for Card {
            fn default() -> Self {
                Self {
                    $($($($name: { let start: $($held)+ = $default; start },)?)*)+
                    $($($local: { let start: $($local_held)+ = $local_default; start },)?)*
                }
            }
        }

        impl Check for Card {
            fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
                $($($({
                    let held: &$($held)+ = &self.$name;
                    held.check(&at.key(stringify!($name)), found);
                })?)*)+
                $($({
                    let held: &$($local_held)+ = &self.$local;
                    held.check(&at.key(stringify!($local)), found);
                })?)*
                self.rules(at, found);
            }
        }

        impl std::fmt::Debug for Card {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct("Card").finish_non_exhaustive()
            }
        }

        /// Every row of the table, group by group, and those that stay here.
        pub const FIELDS: &[Field] = &[$($(Field {
            name: stringify!($name),
            type_name: $type_name,
            section: Section::$section,
            class: Class::$class,
            group: Some(Group::$group),
            level: Level::of_row(Some(Group::$group), &[$(Level::$level)?]),
            cardinality: $cardinality,
            standard: $standard,
            doc: concat!($($doc),+).trim_ascii(),
            held: [$(stringify!($($held)+),)? ""].len() > 1,
        },)*)+ $(Field {
            name: stringify!($local),
            type_name: $local_type,
            section: Section::$local_section,
            class: Class::$local_class,
            group: None,
            level: Level::Never,
            cardinality: $local_cardinality,
            standard: $local_standard,
            doc: concat!($($local_doc),+).trim_ascii(),
            held: [$(stringify!($($local_held)+),)? ""].len() > 1,
        },)*];
    };

    ($(#[doc = $doc:literal])+ $struct:ident = $group:ident $code:literal { $($rows:tt)* }
     $($(#[doc = $next_doc:literal])+ $next:ident = $next_group:ident $next_code:literal { $($next_rows:tt)* })*
     never { $($local_rows:tt)* }) => {
        card_table! {@row [] [$(#[doc = $doc])+ $struct $group $code] [] $($rows)*
            $(@group [$(#[doc = $next_doc])+ $next $next_group $next_code] $($next_rows)*)* @local $($local_rows)* @end}
    };
}

pub(crate) use card_table;
