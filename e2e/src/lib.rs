//! Both services as real processes, to be killed, starved and restarted.
//!
//! ```ignore
//! on_both_engines!(a_task_survives);
//!
//! fn a_task_survives(mut system: System) { … }
//! ```

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "this is for tests, where a panic is how one fails"
)]

mod client;
mod load;
mod system;

pub use client::{Answer, Client, Lost};
pub use load::{Acknowledged, under_load};
pub use system::{Engine, System};

/// Turns functions over a [`System`] into two tests each, one per engine.
#[macro_export]
macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => { $(
        mod $name {
            #[test]
            fn sqlite() {
                super::$name($crate::System::start($crate::Engine::Sqlite).expect("it starts"));
            }

            $crate::on_postgres!(@test $name);
        }
    )+ };
}

/// Turns functions over a [`System`] into a test on PostgreSQL.
#[macro_export]
macro_rules! on_postgres {
    (@test $name:ident) => {
        #[test]
        fn postgres() {
            $crate::System::start($crate::Engine::Postgres).map(super::$name);
        }
    };
    ($($name:ident),+ $(,)?) => { $(
        mod $name {
            $crate::on_postgres!(@test $name);
        }
    )+ };
}
