//! The process: configuration, telemetry, then the application until a signal ends it.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use service_kit::{Clock, config, health, telemetry};
use task_service::{
    app::App,
    config::{Command, Config},
    doctor, migrate,
    openapi::ApiDoc,
    transfer,
};
use tracing::{error, info};

#[actix_web::main]
async fn main() -> ExitCode {
    let config: Config = config::parse();
    let service = env!("CARGO_PKG_NAME");
    let _telemetry = match config.command {
        // A doctor reports, and logs nothing.
        Some(Command::Doctor(_)) => None,
        Some(Command::Export(_)) => Some(telemetry::init_beside_output(&config.log, service)),
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

async fn run(config: Config) -> Result<ExitCode, Box<dyn std::error::Error>> {
    match &config.command {
        Some(Command::Migrate) => {
            migrate::run(&config.database_url).await?;
            info!("the schema is up to date");
        }
        Some(Command::Export(args)) => {
            let tally = transfer::export(&config, args, &Clock::default()).await?;
            info!("exported: {tally}");
        }
        Some(Command::Import(args)) => info!("{}", transfer::import(&config, args).await?),
        Some(Command::Health) => health::check(config.host, config.port).await?,
        Some(Command::Openapi) => io::stdout().write_all(ApiDoc::json()?.as_bytes())?,
        Some(Command::Doctor(args)) => return Ok(doctor::run(&config, args).await),
        None => App::build(config, Clock::default())?.run().await?,
    }
    Ok(ExitCode::SUCCESS)
}
