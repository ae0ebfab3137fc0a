//! The process: configuration, telemetry, then the application until a signal ends it.

use std::process::ExitCode;

use auth_service::{
    MIGRATIONS,
    app::App,
    config::{Command, Config},
    import,
};
use service_kit::{Clock, config, migrate, telemetry};
use tracing::{error, info};

#[actix_web::main]
async fn main() -> ExitCode {
    let config: Config = config::parse();
    let _telemetry = telemetry::init(&config.log);
    match run(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            error!("{}", telemetry::Chain(failure.as_ref()));
            ExitCode::FAILURE
        }
    }
}

async fn run(config: Config) -> Result<(), Box<dyn std::error::Error>> {
    match &config.command {
        Some(Command::Migrate) => {
            migrate::run(&config.database_url, MIGRATIONS).await?;
            info!("the schema is up to date");
        }
        Some(Command::Import(args)) => import::run(&config, args, &Clock::default()).await?,
        None => App::build(config, Clock::default())?.run().await?,
    }
    Ok(())
}
