//! Statements that are prepared once.
//!
//! Diesel keeps what it has prepared, but for updates: of a changeset with `Option`s each combination is another text, and
//! it keeps none of them. Ours have one text each, or a few; and a statement that is made anew for every message costs
//! SQLite more than to carry it out.

use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::{QueryResult, RunQueryDsl};

/// An update that is prepared once for each text that it has; for `each_backend!` and no other connection.
#[derive(Debug)]
pub(crate) struct Steady<U>(pub(crate) U);

impl<DB: Backend, U: QueryFragment<DB>> QueryFragment<DB> for Steady<U> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

/// By its text.
impl<U> QueryId for Steady<U> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<U: Query> Query for Steady<U> {
    type SqlType = U::SqlType;
}

impl<U, C> RunQueryDsl<C> for Steady<U> {}

/// A statement without values.
pub(super) struct Words(pub(super) &'static str);

impl<DB: Backend> QueryFragment<DB> for Words {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        pass.push_sql(self.0);
        Ok(())
    }
}

impl QueryId for Words {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C> RunQueryDsl<C> for Words {}
