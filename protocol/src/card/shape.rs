//! The three moulds of the card's vocabulary: closed code lists, strings of one shape, objects told apart by `kind`.
//! Each gives the Rust type, its strict reading and its published schema from one place, so they cannot drift apart.

/// A closed list of codes. `ALL` is in the order of the source; `code()` is the wire form.
macro_rules! codes {
    ($(#[doc = $doc:literal])+ $name:ident $(default $default:ident)? {
        $($(#[doc = $variant_doc:literal])+ $variant:ident = $code:literal,)+
    }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[doc = $variant_doc])+ #[serde(rename = $code)] $variant,)+
        }

        impl $name {
            /// Every code, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code as it travels.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The entry with this code, if the list has it.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.code() == code)
            }
        }

        $(impl Default for $name {
            fn default() -> Self { Self::$default }
        })?

        // Not derived: utoipa's derive does not see a `rename` that a macro has passed on, and would publish the names of
        // the variants.
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                let about = concat!($($doc, "\n",)+).trim();
                $crate::card::schema::one_of_words(Self::ALL.iter().map(|entry| entry.code()), about)
            }
        }

        impl utoipa::ToSchema for $name {}

        impl $crate::card::refusal::Check for $name {}
    };
}

/// A string of one shape: `new` is the only way in, `Debug` never shows the value.
macro_rules! shape {
    ($(#[doc = $doc:literal])+ $name:ident, $pattern:literal $(at most $most:literal)?, $valid:expr) => {
        $(#[doc = $doc])+
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        pub struct $name(String);

        impl $name {
            /// The published pattern (ECMA 262, anchored).
            pub const PATTERN: &'static str = $pattern;

            /// Takes the text if it has the shape, exactly as it stands.
            ///
            /// # Errors
            /// The reason it was refused, without the text.
            pub fn new(text: &str) -> Result<Self, $crate::card::refusal::Refusal> {
                let valid: fn(&str) -> Result<(), $crate::card::refusal::Refusal> = $valid;
                valid(text).map(|()| Self(text.to_owned()))
            }

            /// The text as it travels.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                Self::new(&text).map_err(serde::de::Error::custom)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some($pattern))
                    .max_length(None::<usize>$(.or(Some($most)))?)
                    .description(Some(concat!($($doc, "\n",)+).trim()))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}

        impl $crate::card::refusal::Check for $name {}
    };
}

/// Objects told apart by `kind`, every one of them closed: serde refuses unknown members of a struct variant (and not
/// of a unit variant, so there is none), and the schema of each says so. Attributes of a field: docs, serde, schema.
macro_rules! tagged {
    ($(#[doc = $doc:literal])+ $name:ident {
        $($(#[doc = $variant_doc:literal])+ $variant:ident = $kind:literal {
            $($(#[doc = $field_doc:literal])+ $(#[serde($($serde:tt)*)])? $(#[schema($($schema:tt)*)])?
              $field:ident: $type:ty,)*
        })+
    }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(tag = "kind", deny_unknown_fields)]
        pub enum $name {
            $($(#[doc = $variant_doc])+
            #[serde(rename = $kind)]
            $variant { $($(#[doc = $field_doc])+ $(#[serde($($serde)*)])? $field: $type,)* },)+
        }

        impl $name {
            /// The value of `kind`.
            #[must_use]
            pub const fn kind(&self) -> &'static str {
                match self { $(Self::$variant { .. } => $kind,)+ }
            }
        }

        const _: () = {
            $($(#[doc = $variant_doc])+
            #[derive(serde::Deserialize, utoipa::ToSchema)]
            #[serde(deny_unknown_fields)]
            #[expect(dead_code, reason = "only its schema is used")]
            struct $variant {
                $($(#[doc = $field_doc])+ $(#[serde($($serde)*)])? $(#[schema($($schema)*)])? $field: $type,)*
                /// The word that tells the form.
                kind: (),
            })+

            impl utoipa::PartialSchema for $name {
                fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                    utoipa::openapi::schema::OneOfBuilder::new()
                        .description(Some(concat!($($doc, "\n",)+).trim()))
                        $(.item($crate::card::schema::with_kind(<$variant as utoipa::PartialSchema>::schema(), $kind)))+
                        .into()
                }
            }

            impl utoipa::ToSchema for $name {
                fn schemas(
                    schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>,
                ) {
                    $(<$variant as utoipa::ToSchema>::schemas(schemas);)+
                }
            }
        };
    };
}

pub(crate) use {codes, shape, tagged};
