//! The command line of a service, and its main function.

use std::{
    error::Error as StdError,
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use database::migrate;
use telemetry::Chain;
use tracing::{error, info};

use crate::{Clock, app::App, args::ServerArgs, health, lifecycle, service::Service};

type Config<C> = <<C as Commands>::Service as Service>::Config;

/// The commands that only one service has.
pub trait Commands: Subcommand {
    type Service: Service;

    /// Returns the destination of log lines while the command runs.
    fn log_output(&self) -> LogOutput;

    fn run(
        self,
        config: &Config<Self>,
        clock: &Clock,
    ) -> impl Future<Output = Result<ExitCode, Box<dyn StdError>>>;
}

/// Destination of log lines.
#[derive(Clone, Copy, Debug)]
pub enum LogOutput {
    /// Nothing is logged.
    None,
    Stdout,
    /// For commands that write other data to standard output.
    Stderr,
}

/// The settings of a service, and the command to run instead of the server.
#[derive(Parser)]
#[command(
    name = C::Service::BUILD.service,
    version = C::Service::BUILD.version,
    about = C::Service::ABOUT.trim_end_matches('.'),
    long_about = format!(
        "{}\n\nEach option can also be set by the environment variable shown beside it.",
        C::Service::ABOUT
    )
)]
#[expect(missing_debug_implementations, reason = "only parsed")]
pub struct Cli<C: Commands> {
    #[command(subcommand)]
    pub command: Option<Command<C>>,

    #[command(flatten)]
    pub config: Config<C>,
}

/// The commands of every service, and those of this one.
#[derive(Clone, Debug, Subcommand)]
pub enum Command<C: Commands> {
    /// Run pending database migrations
    Migrate,
    /// Print the OpenAPI document
    Openapi,
    /// Check that the service running with this configuration is ready
    Health,
    #[command(flatten)]
    Own(C),
}

/// The main function of a service: reads the command line, starts the log and the traces, and runs
/// the command, or the server if no command is given.
pub fn run<C: Commands>() -> ExitCode {
    lifecycle::block_on(start::<C>())
}

async fn start<C: Commands>() -> ExitCode {
    let cli: Cli<C> = settings::parse();
    let log_output = match &cli.command {
        Some(Command::Own(command)) => command.log_output(),
        _ => LogOutput::Stdout,
    };
    let (log, name) = (&cli.config.as_ref().log, C::Service::BUILD.service);
    let _telemetry = match log_output {
        LogOutput::None => None,
        LogOutput::Stdout => Some(telemetry::init(log, name, lifecycle::time_left)),
        LogOutput::Stderr => Some(telemetry::init_beside_output(log, name, lifecycle::time_left)),
    };
    match execute(cli).await {
        Ok(status) => status,
        Err(failure) => {
            error!(error = %Chain(&*failure), "exiting");
            ExitCode::FAILURE
        }
    }
}

async fn execute<C: Commands>(cli: Cli<C>) -> Result<ExitCode, Box<dyn StdError>> {
    let Cli { command, mut config } = cli;
    config.as_mut().complete_url()?;
    let args: &ServerArgs = config.as_ref();
    let clock = Clock::default();
    match command {
        None => App::<C::Service>::build(&config, clock)?.run().await?,
        Some(Command::Migrate) => {
            migrate::run(&args.database_url, C::Service::MIGRATIONS).await?;
            C::Service::migrate_rows(&args.database_url).await?;
            info!("the schema is up to date");
        }
        Some(Command::Openapi) => {
            io::stdout().write_all(C::Service::openapi()?.as_bytes())?;
        }
        Some(Command::Health) => health::check(&args.host, args.port).await?,
        Some(Command::Own(command)) => return command.run(&config, &clock).await,
    }
    Ok(ExitCode::SUCCESS)
}
