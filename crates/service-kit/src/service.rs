//! The interface that a service implements for its chassis, [`crate::App`].

use std::{error::Error as StdError, time::Duration};

use actix_web::{
    App, Error, HttpResponse,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
};
use clap::Args;
use database::{Database, DatabaseUrl, migrate::Migrations};
use telemetry::metrics::{Build, Figures};

use crate::{Clock, args::ServerArgs, cors::Cors};

/// The settings of a service, including [`ServerArgs`].
pub trait Settings: Args + AsRef<ServerArgs> + AsMut<ServerArgs> {}

impl<T: Args + AsRef<ServerArgs> + AsMut<ServerArgs>> Settings for T {}

/// The routes and the middleware of a service.
pub trait Application:
    ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse,
        Error = Error,
        InitError = (),
    > + 'static
{
}

impl<T> Application for T where
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse,
            Error = Error,
            InitError = (),
        > + 'static
{
}

/// A service: the state that its requests share, its routes and its background workers. Clones
/// share the state.
pub trait Service: Figures + Clone {
    const BUILD: Build;
    /// Purpose of the program in one sentence, for `--help`.
    const ABOUT: &'static str;
    const MIGRATIONS: Migrations;

    type Config: Settings;
    /// Reason why the service cannot start.
    type Error: StdError + 'static;
    type Workers: 'static;

    /// Builds the state. Does not connect to the database.
    fn build(config: &Self::Config, clock: Clock) -> Result<Self, Self::Error>;

    fn database(&self) -> &Database;

    /// Returns the origins that may read responses, the methods that they may use, and the response
    /// headers that they may read.
    fn cors(config: &Self::Config) -> Cors;

    /// Returns the application. Every server thread creates one. The chassis wraps it in the
    /// middleware that all services have.
    fn app(self) -> App<impl Application>;

    /// Returns the response to a request whose handler panicked, in the format of the service's
    /// errors.
    fn panicked() -> HttpResponse;

    fn openapi() -> serde_json::Result<String>;

    /// Migrates rows that an older version wrote. Runs after the migrations of the schema; several
    /// processes may do this at the same time.
    fn migrate_rows(_url: &DatabaseUrl) -> impl Future<Output = Result<(), Self::Error>> {
        async { Ok(()) }
    }

    /// Completes the state and starts the background workers. Runs when the schema is up to date
    /// and the database is open to requests, and again after a temporary failure.
    fn start(&self) -> impl Future<Output = Result<Self::Workers, Self::Error>>;

    /// Returns whether another attempt to start may succeed.
    fn is_temporary(error: &Self::Error) -> bool;

    /// Stops the background workers. The chassis aborts the returned future after `limit`.
    fn stop(&self, workers: Self::Workers, limit: Duration) -> impl Future<Output = ()>;
}
