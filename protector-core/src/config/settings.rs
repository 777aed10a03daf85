//! What the engine is configured to do.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::choices::{CloudDriverChoice, MockClock, MockDatabase, StorageDriverChoice};
use super::reader::{Config, Reading};
use super::rules::{self, Found};
use super::schema::{Opt, protector_options, site_options};
use super::sections::{driver_options, site_sections, unknown_options};
use super::services::ServiceSettings;
use super::sites::SiteSettings;
use super::source::{FILE_VARIABLE, process_environment, usual_files};
use super::value::Value;
use crate::secret::SecretManager;
use crate::{ApiToken, Error, Result};

/// What stands in the sections `[driver:<name>]`, by name and by option.
pub type DriverSections = BTreeMap<String, BTreeMap<String, ApiToken>>;

/// `protector.conf`, checked. An option that is left empty counts as not set.
///
/// ```
/// use protector_core::config::{Settings, StorageDriverChoice};
/// let settings = Settings::from_text("[engine]\nstorage_driver = mock\n", &Default::default())?;
/// assert_eq!(settings.storage_driver, StorageDriverChoice::Mock);
/// assert!(!settings.mock_database.persistent());
/// # Ok::<(), protector_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// `[DEFAULT] debug`: log more.
    pub debug: bool,
    /// `[DEFAULT] log_dir`.
    pub log_dir: Option<PathBuf>,
    /// `[DEFAULT] state_path`: what must survive a restart. Default `/var/lib/protector`.
    pub state_path: PathBuf,
    /// From `[engine] storage_driver` and `[DEFAULT] use_mock_storage`; neither set: `Pure`.
    pub storage_driver: StorageDriverChoice,
    /// From `[engine] mock_db_path` (a directory stands for `mock_array.db` in it); else, under
    /// `[DEFAULT] use_mock_storage = True`, `<state_path>/mock_storage/mock_array.db`, which for the documented
    /// `state_path` is the documented directory `/var/lib/protector/mock_storage/`; else memory.
    pub mock_database: MockDatabase,
    /// `[engine] failover_to_blank_disks`: where arrays are simulated under real clouds, whether a failover may stop
    /// servers and start others with blank disks.
    pub failover_to_blank_disks: bool,
    /// `[engine] mock_clock`.
    pub mock_clock: MockClock,
    /// `[engine] cloud_driver`.
    pub cloud_driver: CloudDriverChoice,
    /// `[engine] local_site`: the site this engine works for.
    pub local_site: Option<String>,
    /// `[database] connection`. It may carry a password, so `Debug` does not show it.
    pub database_connection: Option<String>,
    /// `[storage] primary_array_url`; HTTPS.
    pub primary_array_url: Option<String>,
    /// `[storage] secondary_array_url`; HTTPS.
    pub secondary_array_url: Option<String>,
    /// `[storage] primary_array_api_token`.
    pub primary_array_api_token: Option<ApiToken>,
    /// `[storage] secondary_array_api_token`.
    pub secondary_array_api_token: Option<ApiToken>,
    /// `[storage] default_replication_interval`, seconds; for policies made without an interval.
    pub default_replication_interval: Option<u32>,
    /// `[storage] default_rpo_minutes`; for policies made without an RPO.
    pub default_rpo_minutes: Option<u32>,
    /// `[storage] fernet_key_repository`: the keys that tokens are encrypted with. Default `/etc/protector/fernet-keys`.
    pub fernet_key_repository: PathBuf,
    /// `[storage] array_ca_file`: certificates that the arrays' certificates are checked against.
    pub array_ca_file: Option<PathBuf>,
    /// `[storage] primary_array_fingerprint`: SHA-256 of the one certificate that the primary array may show.
    pub primary_array_fingerprint: Option<String>,
    /// `[storage] secondary_array_fingerprint`: the same for the secondary array.
    pub secondary_array_fingerprint: Option<String>,
    /// `[storage] danger_accept_any_array_certificate`: anybody may pass for an array, and gets its token.
    pub danger_accept_any_array_certificate: bool,
    /// `[api]` and the worker's part of `[engine]`.
    pub services: ServiceSettings,
    /// `[site:<name>]`, by name.
    pub sites: BTreeMap<String, SiteSettings>,
    /// Where `[engine] storage_driver` and `cloud_driver` were set, as `file:line`, by option.
    pub driver_places: BTreeMap<&'static str, String>,
    /// `[driver:<name>]`, by name in lower case and by option. Only the driver knows which of them are secret.
    pub drivers: DriverSections,
    /// What people should look at, with `file:line`. None of it changes what the settings mean.
    pub warnings: Vec<String>,
    /// The files that were read, in order.
    pub files: Vec<PathBuf>,
    /// Who is asked for `castellan:<id>`. No file sets it: whoever embeds the engine does.
    pub secret_manager: Option<SecretManager>,
}

impl Settings {
    /// Reads these files, later ones winning, under the environment of the process (`OS_<SECTION>__<NAME>`).
    ///
    /// # Errors
    /// * [`ErrorKind::Storage`](crate::ErrorKind::Storage): a file cannot be read. Name one that this user may read.
    /// * [`ErrorKind::InvalidConfiguration`](crate::ErrorKind::InvalidConfiguration): mend the line that is named.
    pub fn load(files: &[PathBuf]) -> Result<Self> {
        Self::load_with(files, process_environment())
    }

    /// Reads the file named by the variable `PROTECTOR_CONFIG_FILE`; else what oslo.config finds for the project
    /// `protector`: `protector.conf` and `protector.conf.d/*.conf`, each in the first of `~/.protector`, `~`,
    /// `/etc/protector`, `/etc` that has it. No file at all means all defaults.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn discover() -> Result<Self> {
        Self::discover_in(Path::new("/"), process_environment(), None)
    }

    /// As [`Settings::discover`] for a service: after each of the two places also `<program>.conf` and
    /// `<program>.conf.d/*.conf` count, as they do for every OpenStack service.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn discover_for(program: &str) -> Result<Self> {
        Self::discover_in(Path::new("/"), process_environment(), Some(program))
    }

    /// Reads `text` under `environment`, without files. Messages call it `<text>`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`](crate::ErrorKind::InvalidConfiguration): mend the line that is named.
    pub fn from_text(text: &str, environment: &BTreeMap<String, String>) -> Result<Self> {
        let mut config = Config::new(environment.clone());
        config.add_text("<text>", text.as_bytes())?;
        Self::assemble(config, Vec::new())
    }

    /// The sections `[driver:<name>]` of these files alone, as in [`Settings::drivers`]: for whoever resolved everything else in
    /// another way.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn drivers_in(files: &[PathBuf]) -> Result<DriverSections> {
        let mut config = Config::new(process_environment());
        for file in files {
            config.add_file(file)?;
        }
        protector_options().into_iter().for_each(|option| config.register(option));
        let options = driver_options(&config)?;
        options.iter().for_each(|(_, option)| config.register(option.clone()));
        Read { config: &config, warnings: Vec::new() }.drivers(options)
    }

    pub(super) fn load_with(files: &[PathBuf], environment: BTreeMap<String, String>) -> Result<Self> {
        let mut config = Config::new(environment);
        for file in files {
            config.add_file(file)?;
        }
        Self::assemble(config, files.to_vec())
    }

    pub(super) fn discover_in(
        root: &Path,
        environment: BTreeMap<String, String>,
        program: Option<&str>,
    ) -> Result<Self> {
        match environment.get(FILE_VARIABLE).filter(|file| !file.is_empty()) {
            Some(file) => Self::load_with(&[file.into()], environment).map_err(|e| e.context(FILE_VARIABLE)),
            None => Self::load_with(&usual_files(root, &environment, program)?, environment),
        }
    }

    fn assemble(mut config: Config, files: Vec<PathBuf>) -> Result<Self> {
        config.lenient();
        protector_options().into_iter().for_each(|option| config.register(option));
        let site_sections = site_sections(&config)?;
        site_sections.values().flat_map(|section| site_options(section)).for_each(|option| config.register(option));

        let driver_options = driver_options(&config)?;
        driver_options.iter().for_each(|(_, option)| config.register(option.clone()));
        let mut read = Read { config: &config, warnings: unknown_options(&config) };
        let use_mock = read.bool("DEFAULT", "use_mock_storage")?;
        let state_path = read.path_with_default("DEFAULT", "state_path")?;
        let interval = read.number("storage", "default_replication_interval")?;
        let rpo = read.number("storage", "default_rpo_minutes")?;
        rules::interval_within_rpo(interval.as_ref(), rpo.as_ref())?;
        let services = ServiceSettings::read(&mut read)?;
        let mut sites = BTreeMap::new();
        for (name, section) in site_sections {
            sites.insert(name, SiteSettings::read(&mut read, &section)?);
        }
        let drivers = read.drivers(driver_options)?;
        let storage_driver = read.choice("engine", "storage_driver")?;
        let cloud_driver = read.choice("engine", "cloud_driver")?;
        let set = [("storage_driver", &storage_driver), ("cloud_driver", &cloud_driver)];
        let place =
            |(option, found): (&'static str, &Found<String>)| Some((option, found.origin.as_ref()?.to_string()));
        Ok(Self {
            driver_places: set.into_iter().filter_map(place).collect(),
            debug: read.bool("DEFAULT", "debug")?.value,
            log_dir: read.path("DEFAULT", "log_dir")?,
            storage_driver: rules::storage_driver(&storage_driver, &use_mock)?,
            mock_database: rules::mock_database(read.text("engine", "mock_db_path")?.as_ref(), &use_mock, &state_path),
            state_path,
            mock_clock: match read.choice("engine", "mock_clock")?.value.as_str() {
                "virtual" => MockClock::Virtual,
                _ => MockClock::System,
            },
            cloud_driver: match cloud_driver.value.as_str() {
                "mock" => CloudDriverChoice::Mock,
                "openstack" => CloudDriverChoice::OpenStack,
                name => CloudDriverChoice::Named(name.to_owned()),
            },
            failover_to_blank_disks: read.bool("engine", "failover_to_blank_disks")?.value,
            local_site: read.text("engine", "local_site")?.map(|f| f.value),
            database_connection: read.secret("database", "connection")?.map(|secret| secret.expose().to_owned()),
            primary_array_url: read.array_url("primary_array_url")?,
            secondary_array_url: read.array_url("secondary_array_url")?,
            primary_array_api_token: read.secret("storage", "primary_array_api_token")?,
            secondary_array_api_token: read.secret("storage", "secondary_array_api_token")?,
            default_replication_interval: interval.map(|f| f.value),
            default_rpo_minutes: rpo.map(|f| f.value),
            fernet_key_repository: read.path_with_default("storage", "fernet_key_repository")?,
            array_ca_file: read.path("storage", "array_ca_file")?,
            primary_array_fingerprint: read.text("storage", "primary_array_fingerprint")?.map(|f| f.value),
            secondary_array_fingerprint: read.text("storage", "secondary_array_fingerprint")?.map(|f| f.value),
            danger_accept_any_array_certificate: read.bool("storage", "danger_accept_any_array_certificate")?.value,
            services,
            sites,
            drivers,
            warnings: read.warnings,
            files,
            secret_manager: None,
        })
    }
}

/// Reads options one by one and gathers the warnings.
pub(super) struct Read<'a> {
    config: &'a Config,
    warnings: Vec<String>,
}

impl Read<'_> {
    fn get(&mut self, section: &str, name: &str) -> Result<Reading> {
        let mut reading = self.config.get(section, name)?;
        self.warnings.extend(reading.warning.take());
        Ok(reading)
    }

    /// An empty text counts as not set.
    pub(super) fn text(&mut self, section: &str, name: &str) -> Result<Option<Found<String>>> {
        Ok(match self.get(section, name)? {
            Reading { value: Some(Value::Text(value)), origin, .. } if !value.is_empty() => {
                Some(Found { value, origin })
            }
            _ => None,
        })
    }

    pub(super) fn secret(&mut self, section: &str, name: &str) -> Result<Option<ApiToken>> {
        Ok(match self.get(section, name)?.value {
            Some(Value::Secret(secret)) if !secret.expose().is_empty() => Some(secret),
            _ => None,
        })
    }

    fn drivers(&mut self, options: Vec<(String, Opt)>) -> Result<DriverSections> {
        let mut drivers = DriverSections::new();
        for (driver, option) in options {
            if let Some(value) = self.secret(&option.section, &option.name)? {
                drivers.entry(driver).or_default().insert(option.name.into_owned(), value);
            }
        }
        Ok(drivers)
    }

    /// Of an option with a default.
    pub(super) fn choice(&mut self, section: &str, name: &str) -> Result<Found<String>> {
        let found = self.text(section, name)?;
        found.ok_or_else(|| {
            Error::configuration(format!("[{section}] {name} is empty"))
                .remedy("write a value, or remove the line to get the default")
        })
    }

    pub(super) fn bool(&mut self, section: &str, name: &str) -> Result<Found<bool>> {
        match self.get(section, name)? {
            Reading { value: Some(Value::Bool(value)), origin, .. } => Ok(Found { value, origin }),
            _ => Err(Error::internal(format!("option [{section}] {name} has no default"))),
        }
    }

    pub(super) fn number(&mut self, section: &str, name: &str) -> Result<Option<Found<u32>>> {
        let Reading { value: Some(Value::Int(value)), origin, .. } = self.get(section, name)? else { return Ok(None) };
        let value = u32::try_from(value).map_err(|e| Error::internal(format!("bounds of [{section}] {name}: {e}")))?;
        Ok(Some(Found { value, origin }))
    }

    pub(super) fn path(&mut self, section: &str, name: &str) -> Result<Option<PathBuf>> {
        Ok(self.text(section, name)?.map(|f| f.value.into()))
    }

    fn path_with_default(&mut self, section: &str, name: &str) -> Result<PathBuf> {
        if let Some(found) = self.text(section, name)? {
            return Ok(found.value.into());
        }
        let place = self.config.get(section, name)?.origin.map(|at| format!("{at}: ")).unwrap_or_default();
        let message = format!("{place}[{section}] {name} is empty");
        Err(Error::configuration(message).remedy("write a path, or remove the line to get the default"))
    }

    fn array_url(&mut self, name: &str) -> Result<Option<String>> {
        let Some(found) = self.text("storage", name)? else { return Ok(None) };
        rules::array_url(name, &found)?;
        Ok(Some(found.value))
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // taken apart in full, so that a new field cannot be forgotten here
        let Self {
            debug,
            log_dir,
            state_path,
            storage_driver,
            mock_database,
            failover_to_blank_disks,
            mock_clock,
            cloud_driver,
            local_site,
            database_connection,
            primary_array_url,
            secondary_array_url,
            primary_array_api_token,
            secondary_array_api_token,
            default_replication_interval,
            default_rpo_minutes,
            fernet_key_repository,
            array_ca_file,
            primary_array_fingerprint,
            secondary_array_fingerprint,
            danger_accept_any_array_certificate,
            services,
            sites,
            driver_places,
            drivers,
            warnings,
            files,
            secret_manager,
        } = self;
        f.debug_struct("Settings")
            .field("debug", debug)
            .field("log_dir", log_dir)
            .field("state_path", state_path)
            .field("storage_driver", storage_driver)
            .field("mock_database", mock_database)
            .field("failover_to_blank_disks", failover_to_blank_disks)
            .field("mock_clock", mock_clock)
            .field("cloud_driver", cloud_driver)
            .field("local_site", local_site)
            .field("database_connection", &database_connection.as_ref().map(|_| "***"))
            .field("primary_array_url", primary_array_url)
            .field("secondary_array_url", secondary_array_url)
            .field("primary_array_api_token", primary_array_api_token)
            .field("secondary_array_api_token", secondary_array_api_token)
            .field("default_replication_interval", default_replication_interval)
            .field("default_rpo_minutes", default_rpo_minutes)
            .field("fernet_key_repository", fernet_key_repository)
            .field("array_ca_file", array_ca_file)
            .field("primary_array_fingerprint", primary_array_fingerprint)
            .field("secondary_array_fingerprint", secondary_array_fingerprint)
            .field("danger_accept_any_array_certificate", danger_accept_any_array_certificate)
            .field("services", services)
            .field("sites", sites)
            .field("driver_places", driver_places)
            .field("drivers", drivers)
            .field("warnings", warnings)
            .field("files", files)
            .field("secret_manager", secret_manager)
            .finish()
    }
}

#[cfg(test)]
#[path = "settings_rules_tests.rs"]
mod rules_tests;
#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
