//! Both services as real processes that tests can kill, block and restart.
//!
//! ```text
//! on_both_engines!(a_task_survives);
//!
//! fn a_task_survives(system: &mut System) { … }
//! ```

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "this is for tests, which fail by panicking"
)]

mod balancer;
mod client;
mod clock;
mod collector;
mod hammer;
mod load;
mod nginx;
mod node;
mod openid;
mod original;
mod quick_start;
mod system;
mod user;
mod watch;

pub use balancer::Balancer;
pub use client::{Answer, Client, Lost};
pub use clock::set_clock;
pub use collector::{Collected, Collector};
pub use hammer::{Connection, Outcome, Request, Strike, Strikes, hammer};
pub use load::{Acknowledged, under_load, under_load_of, wait_until};
pub use nginx::{Nginx, NginxProcess};
pub use node::{node, npm, tool};
pub use openid::OpenIdProvider;
pub use original::Original;
pub use quick_start::QuickStart;
pub use system::{Data, Engine, System, cluster, program};
pub use user::User;
pub use watch::Watch;

/// Turns each function that takes a [`System`] into two tests, one per engine.
#[macro_export]
macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => { $(
        mod $name {
            $crate::on_one_engine!($name, sqlite, Sqlite);
            $crate::on_one_engine!($name, postgres, Postgres);
        }
    )+ };
}

/// Turns each function that takes a [`System`] into a test on SQLite.
#[macro_export]
macro_rules! on_sqlite {
    ($($name:ident),+ $(,)?) => { $(
        mod $name {
            $crate::on_one_engine!($name, sqlite, Sqlite);
        }
    )+ };
}

/// Turns each function that takes a [`System`] into a test on `PostgreSQL`.
#[macro_export]
macro_rules! on_postgres {
    ($($name:ident),+ $(,)?) => { $(
        mod $name {
            $crate::on_one_engine!($name, postgres, Postgres);
        }
    )+ };
}

#[doc(hidden)]
#[macro_export]
macro_rules! on_one_engine {
    ($function:ident, $test:ident, $engine:ident) => {
        #[test]
        fn $test() {
            if let Some(mut system) = $crate::System::start($crate::Engine::$engine) {
                super::$function(&mut system);
            }
        }
    };
}
