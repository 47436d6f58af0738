//! Runs statements, either as named prepared statements or, behind a pooler that doesn't support them, unnamed.

use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use lambda_http::BoxFuture;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgConnection, PgQueryResult, PgRow, PgStatement, PgTypeInfo, Postgres};
use sqlx::{Connection, Describe, Either, Error, Execute, Executor, SqlStr};

/// Whether prepared statements are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementMode {
    /// Parsed once per connection and then reused by name. RDS Proxy supports this, as Postgres does.
    Named,
    /// Parsed each time. A transaction pooler may send the messages of one statement to different connections unless
    /// they are in a transaction, so a statement outside one gets its own transaction: two more round trips.
    Unnamed,
}

/// Runs one statement on a connection.
#[derive(Debug)]
pub(crate) struct StatementExecutor<'c> {
    connection: &'c mut PgConnection,
    mode: StatementMode,
    in_transaction: bool,
}

impl<'c> StatementExecutor<'c> {
    pub fn new(connection: &'c mut PgConnection, mode: StatementMode, in_transaction: bool) -> Self {
        Self { connection, mode, in_transaction }
    }

    /// Runs the statement in its own transaction.
    async fn in_own_transaction<'q, E: Execute<'q, Postgres> + 'q>(
        self,
        query: E,
    ) -> Result<Vec<Either<PgQueryResult, PgRow>>, Error> {
        let mut transaction = self.connection.begin().await?;
        let done = transaction.fetch_many(Unnamed(query)).try_collect().await?;
        transaction.commit().await?;
        Ok(done)
    }
}

impl<'c> Executor<'c> for StatementExecutor<'c> {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        match (self.mode, self.in_transaction) {
            (StatementMode::Named, _) => self.connection.fetch_many(query),
            (StatementMode::Unnamed, true) => self.connection.fetch_many(Unnamed(query)),
            (StatementMode::Unnamed, false) => stream::once(self.in_own_transaction(query))
                .map_ok(|done| stream::iter(done.into_iter().map(Ok)))
                .try_flatten()
                .boxed(),
        }
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        match (self.mode, self.in_transaction) {
            (StatementMode::Named, _) => self.connection.fetch_optional(query),
            (StatementMode::Unnamed, true) => self.connection.fetch_optional(Unnamed(query)),
            (StatementMode::Unnamed, false) => {
                Box::pin(async move { Ok(self.in_own_transaction(query).await?.into_iter().find_map(Either::right)) })
            }
        }
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [PgTypeInfo]) -> BoxFuture<'e, Result<PgStatement, Error>>
    where
        'c: 'e,
    {
        self.connection.prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'c: 'e,
    {
        self.connection.describe(sql)
    }
}

/// Forces a statement to be sent unnamed.
struct Unnamed<E>(E);

impl<'q, E: Execute<'q, Postgres>> Execute<'q, Postgres> for Unnamed<E> {
    fn sql(self) -> SqlStr {
        self.0.sql()
    }

    fn statement(&self) -> Option<&PgStatement> {
        self.0.statement()
    }

    fn take_arguments(&mut self) -> Result<Option<PgArguments>, BoxDynError> {
        self.0.take_arguments()
    }

    fn persistent(&self) -> bool {
        false
    }
}
