#include "os-builder/packages/apt_session.hpp"

#include <apt-pkg/acquire.h>
#include <apt-pkg/configuration.h>
#include <apt-pkg/error.h>
#include <apt-pkg/fileutl.h>
#include <apt-pkg/init.h>
#include <apt-pkg/metaindex.h>
#include <apt-pkg/pkgsystem.h>
#include <apt-pkg/sourcelist.h>
#include <apt-pkg/update.h>

#include <algorithm>
#include <filesystem>

#include "lib/crypto/sha256.hpp"
#include "os-builder/packages/apt_log.hpp"

namespace bulkhead::packages {

namespace {

constexpr std::string_view kStampFile = "refreshed";

struct Setting {
  const char* key;
  const char* value;
};

// Nothing here depends on the machine. The checks that apt lets users switch off are on.
constexpr std::array kSettings = {
    Setting{"APT::Architecture", "amd64"},
    Setting{"APT::Install-Recommends", "false"},
    Setting{"APT::Sandbox::User", "root"},   // in a user namespace there is nobody else to become
    Setting{"Dir::Cache::srcpkgcache", ""},  // would be a second copy: nothing is installed
    Setting{"Acquire::Languages", "none"},
    Setting{"Acquire::PDiffs", "false"},
    Setting{"Acquire::IndexTargets::deb-src::Sources::DefaultEnabled", "false"},
    Setting{"Acquire::Check-Date", "true"},
    Setting{"Acquire::Check-Valid-Until", "true"},
    Setting{"Acquire::AllowInsecureRepositories", "false"},
    Setting{"Acquire::AllowWeakRepositories", "false"},
    Setting{"Acquire::AllowDowngradeToInsecureRepositories", "false"},
    // A stable release that becomes oldstable keeps its codename and keys.
    Setting{"Acquire::AllowReleaseInfoChange::Suite", "true"},
    Setting{"Acquire::Retries", "2"},
    Setting{"Acquire::http::Timeout", "20"},
    Setting{"Acquire::https::Timeout", "20"},
};

// Proxies and TLS settings of the host's apt; everything else in its configuration concerns its own packages.
void copy_transport_settings(const sys::Path& sources) {
  Configuration host;
  const sys::Path parts = sources / "apt.conf.d";
  if (sys::exists(parts)) ReadConfigDir(host, parts.native());
  if (sys::exists(sources / "apt.conf")) ReadConfigFile(host, sources / "apt.conf");
  for (const char* transport : {"Acquire::http", "Acquire::https"}) {
    const Configuration::Item* root = host.Tree(transport);
    if (root == nullptr) continue;
    for (const Configuration::Item* item = root->Child; item != nullptr; item = item->Next) {
      if (!item->Value.empty()) _config->Set(item->FullTag(), item->Value);
    }
  }
}

Result<> configure(const ArchiveOptions& archive) {
  const sys::Path root = std::filesystem::absolute(archive.cache_dir) / "apt";
  const sys::Path sources = std::filesystem::absolute(archive.sources);
  TRY(sys::create_directories(root / "state/lists/partial"));
  TRY(sys::create_directories(root / "cache/archives/partial"));
  // No package is installed anywhere: the status file of dpkg is empty.
  const sys::Path status = root / "state/status";
  if (!sys::exists(status)) TRY(sys::write_file_atomically(status, ""));

  _config->Clear();
  _config->Set("Dir::Etc", sources.native() + "/");
  _config->Set("Dir::Etc::parts", "/dev/null");
  _config->Set("Dir::Etc::main", "/dev/null");
  if (!pkgInitConfig(*_config)) return fail(take_apt_error(ErrorCode::internal, "setting up libapt"));
  _config->Set("Dir::State", (root / "state/").native());
  _config->Set("Dir::State::status", status.native());
  _config->Set("Dir::Cache", (root / "cache/").native());
  _config->Set("Dir::Etc::preferences", "/dev/null");
  _config->Set("Dir::Etc::preferencesparts", "/dev/null");
  copy_transport_settings(sources);
  for (const Setting& setting : kSettings) _config->Set(setting.key, setting.value);
  if (!pkgInitSystem(*_config, _system)) return fail(take_apt_error(ErrorCode::internal, "setting up libapt"));
  return {};
}

// Builds depend on signatures: "trusted=yes" would switch them off.
Result<> check_sources(const pkgSourceList& sources, const sys::Path& directory) {
  if (sources.empty()) {
    return fail(error(ErrorCode::failed_precondition, "no package archive is configured in {}", directory.native())
                    .with_hint("add the suites of Debian 13 to sources.list or sources.list.d there"));
  }
  for (const metaIndex* source : sources) {
    if (source->GetTrusted() != metaIndex::TRI_YES) continue;
    return fail(error(ErrorCode::failed_precondition,
                      "the source {} {} is trusted without a signature, which is not allowed", source->GetURI(),
                      source->GetDist())
                    .with_hint(std::format("remove 'trusted=yes' in {} and name the keyring with signed-by",
                                           directory.native())));
  }
  return {};
}

// Changes when anything changes that decides which lists belong in the cache.
std::string describe(const pkgSourceList& sources) {
  crypto::Sha256Stream digest;
  for (const metaIndex* source : sources) {
    digest.update(std::format("{} {} {}\n", source->GetURI(), source->GetDist(), source->GetSignedBy()));
  }
  return digest.finish().to_string();
}

sys::Path stamp_path(const ArchiveOptions& archive) { return archive.cache_dir / "apt" / kStampFile; }

bool fresh(const ArchiveOptions& archive, const std::string& description) {
  if (archive.max_age.count() == 0) return false;
  const auto stamp = sys::read_file(stamp_path(archive), 4096);
  if (!stamp || *stamp != description) return false;
  std::error_code status;
  const auto written = std::filesystem::last_write_time(stamp_path(archive), status);
  const auto age = std::filesystem::file_time_type::clock::now() - written;
  return !status && age >= age.zero() && age < archive.max_age;
}

}  // namespace

Error take_apt_error(ErrorCode code, std::string_view what) {
  std::string text;
  while (!_error->empty(GlobalError::DEBUG)) {
    std::string message;
    if (_error->PopMessage(message)) text += (text.empty() ? "" : "; ") + message;
  }
  return error(code, "{}: {}", what, text.empty() ? "libapt gave no reason" : text);
}

AptSession::AptSession(std::unique_lock<std::mutex> lock, std::unique_ptr<pkgSourceList> sources)
    : lock_(std::move(lock)), sources_(std::move(sources)) {}
AptSession::AptSession(AptSession&&) noexcept = default;
AptSession::~AptSession() {
  if (lock_.owns_lock()) _error->Discard();
}

Result<AptSession> AptSession::open(const ArchiveOptions& archive) {
  static std::mutex library;
  std::unique_lock lock(library);
  _error->Discard();
  TRY(configure(archive));
  auto sources = std::make_unique<pkgSourceList>();
  if (!sources->ReadMainList()) {
    return fail(take_apt_error(ErrorCode::failed_precondition,
                               std::format("reading the sources in {}", archive.sources.native())));
  }
  TRY(check_sources(*sources, archive.sources));
  return AptSession(std::move(lock), std::move(sources));
}

Result<> AptSession::refresh(const ArchiveOptions& archive, const OnProgress& progress) {
  const std::string description = describe(*sources_);
  if (fresh(archive, description)) return {};
  AptLog log(progress);
  pkgAcquire fetcher(&log);
  if (!sources_->GetIndexes(&fetcher))
    return fail(take_apt_error(ErrorCode::internal, "listing the indexes of the archive"));
  const bool updated = AcquireUpdate(fetcher, AptLog::kPulse, false, true);
  if (auto error = worst_failure(fetcher)) return fail(*std::move(error));
  if (!updated) return fail(ErrorCode::unavailable, "libapt could not refresh the package lists and gave no reason");
  return sys::write_file_atomically(stamp_path(archive), description);
}

Result<std::vector<Release>> AptSession::releases() {
  std::vector<Release> releases;
  for (metaIndex* source : *sources_) {
    std::string message;
    if (source->GetLoadedSuccessfully() != metaIndex::TRI_YES && !source->Load(&message)) {
      _error->Discard();
      return fail(
          error(ErrorCode::not_found, "the cache has no package lists of {} {}", source->GetURI(), source->GetDist())
              .with_hint("run once without --offline"));
    }
    releases.push_back({.suite = source->GetCodename(), .version = source->GetVersion(), .date = source->GetDate()});
  }
  return releases;
}

}  // namespace bulkhead::packages
