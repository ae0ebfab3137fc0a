//! The process: configuration, telemetry, then the application until a signal ends it.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use service_kit::{Clock, config, telemetry};
use task_service::{
    app::App,
    config::{Command, Config},
    migrate,
    openapi::ApiDoc,
};
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
    match config.command {
        Some(Command::Migrate) => {
            migrate::run(&config.database_url).await?;
            info!("the schema is up to date");
        }
        Some(Command::Openapi) => io::stdout().write_all(ApiDoc::json()?.as_bytes())?,
        None => App::build(config, Clock::default())?.run().await?,
    }
    Ok(())
}
