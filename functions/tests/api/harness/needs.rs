//! Ends a test that needs a program which this machine lacks, and reports that it was not run; in CI it fails.

/// Ends the test without that program, such as `redis-server`.
macro_rules! needs_program {
    ($name:literal) => {
        if lyceum_local::programs::needed($name).is_none() {
            return;
        }
    };
}

/// Ends the test where Postgres comes without that client program, such as `pg_dump`: a fetched Postgres has none.
macro_rules! needs_postgres_program {
    ($name:literal) => {
        if !crate::harness::cluster().await.binaries().has($name) {
            return lyceum_local::programs::report_missing($name);
        }
    };
}

pub(crate) use {needs_postgres_program, needs_program};
