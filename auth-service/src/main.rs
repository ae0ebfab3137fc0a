//! Entry point: loads the configuration, starts telemetry, and runs a command or, until a signal
//! arrives, the service.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use auth_service::{
    MIGRATIONS,
    app::App,
    audit_log,
    config::{Command, Config},
    doctor, import, keys, openapi, transfer, users,
};
use service_kit::{Clock, config, health, lifecycle, migrate, telemetry};
use tracing::{error, info};

fn main() -> ExitCode {
    lifecycle::block_on(start())
}

async fn start() -> ExitCode {
    let config: Config = config::parse();
    let service = env!("CARGO_PKG_NAME");
    let _telemetry = match config.command {
        // The doctor prints a report and logs nothing.
        Some(Command::Doctor(_)) => None,
        Some(Command::Export(_) | Command::Users(_) | Command::Audit(_) | Command::Keys(_)) => {
            Some(telemetry::init_beside_output(&config.log, service))
        }
        _ => Some(telemetry::init(&config.log, service)),
    };
    match run(config).await {
        Ok(status) => status,
        Err(failure) => {
            error!("{}", telemetry::Chain(failure.as_ref()));
            ExitCode::FAILURE
        }
    }
}

async fn run(mut config: Config) -> Result<ExitCode, Box<dyn std::error::Error>> {
    config.database_url = config.database_url.with_schema(config.database_schema.as_ref())?;
    config.database_url.set_pooler(config.database.database_pooler);
    match &config.command {
        Some(Command::Migrate) => {
            migrate::run(&config.database_url, MIGRATIONS).await?;
            info!("the schema is up to date");
        }
        Some(Command::Openapi) => io::stdout().write_all(openapi::json()?.as_bytes())?,
        Some(Command::Export(args)) => {
            let tally = transfer::export(&config, args, &Clock::default()).await?;
            info!("exported: {tally}");
        }
        Some(Command::Health) => health::check(&config.host, config.port).await?,
        Some(Command::Import(args)) => {
            return Ok(import::run(&config, args, &Clock::default()).await?);
        }
        Some(Command::Users(args)) => {
            return Ok(users::run(&config, args, &Clock::default()).await?);
        }
        Some(Command::Audit(args)) => audit_log::run(&config, args, &Clock::default()).await?,
        Some(Command::Keys(args)) => return Ok(keys::run(&config, args, &Clock::default()).await?),
        Some(Command::Doctor(args)) => return Ok(doctor::run(&config, *args).await),
        None => App::build(config, Clock::default())?.run().await?,
    }
    Ok(ExitCode::SUCCESS)
}
