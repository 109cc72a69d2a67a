// profile add, list, show, remove.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <format>
#include <memory>

#include "api-client/profiles.hpp"
#include "api-client/render.hpp"
#include "api-client/verbs.hpp"
#include "lib/cli/terminal.hpp"
#include "lib/net/uri.hpp"
#include "lib/net/well_known.hpp"

namespace bulkhead::client {
namespace {

struct AddOptions {
  std::string name;
  std::string host;
  std::string ca;
  std::string fingerprint;
  std::string certificate;
  std::string key;
};

// A profile is used from any directory, so paths are absolute; and a mistake is reported at once.
Result<std::string> existing_file(const std::string& path) {
  if (path.empty()) return path;
  std::error_code failure;
  const sys::Path absolute = std::filesystem::absolute(path, failure);
  if (failure || !sys::exists(absolute))
    return fail(error(ErrorCode::invalid_argument, "there is no file {}", path)
                    .with_hint("check the path; a profile stores only the paths of these files"));
  return absolute.native();
}

Error unknown_profile(const Profiles& profiles, const std::string& name) {
  return error(ErrorCode::not_found, "there is no profile '{}'", name).with_hint(hint_for_unknown(profiles, name));
}

Result<cli::ExitCode> add(const AddOptions& given, const cli::Invocation& invocation) {
  TRY(check_name(given.name));
  auto [host, port] = TRY(net::parse_host_port(given.host, net::kApiPort));
  if (given.certificate.empty() != given.key.empty())
    return fail(error(ErrorCode::invalid_argument, "--cert and --key must be given together")
                    .with_hint("give both, or neither"));
  if (!given.ca.empty() && !given.fingerprint.empty())
    return fail(
        error(ErrorCode::invalid_argument, "--ca and --fingerprint exclude each other")
            .with_hint("give --fingerprint for a certificate that the node made itself, --ca for one of your CA"));
  net::TlsEndpoint endpoint{.host = host, .port = port};
  endpoint.ca_file = TRY(existing_file(given.ca));
  endpoint.certificate_file = TRY(existing_file(given.certificate));
  endpoint.key_file = TRY(existing_file(given.key));
  if (!given.fingerprint.empty()) endpoint.fingerprint = TRY(parse_fingerprint(given.fingerprint));
  const sys::Path file = TRY(profiles_file());
  Profiles profiles = TRY(load_profiles(file));
  const bool has_certificate = !endpoint.certificate_file.empty();
  const bool pins_node = !endpoint.ca_file.empty() || endpoint.fingerprint;
  profiles.insert_or_assign(given.name, std::move(endpoint));
  TRY(save_profiles(file, profiles));
  if (!has_certificate)
    note(invocation,
         "Without --cert and --key, the node answers nothing but its version (apiclient raw -u /v1/version).");
  if (!pins_node)
    note(invocation,
         "Without --ca or --fingerprint, the node is trusted only if a CA of this machine signed its certificate.");
  note(invocation, std::format("Saved. Test it: apiclient -n {} status", given.name));
  return cli::ExitCode::ok;
}

Result<cli::ExitCode> remove(const std::string& name) {
  const sys::Path file = TRY(profiles_file());
  Profiles profiles = TRY(load_profiles(file));
  if (profiles.erase(name) == 0) return fail(unknown_profile(profiles, name));
  TRY(save_profiles(file, profiles));
  return cli::ExitCode::ok;
}

Json profile_json(const std::string& name, const net::TlsEndpoint& endpoint) {
  Json profile = {{"name", name}, {"host", endpoint.host}, {"port", endpoint.port}};
  if (!endpoint.ca_file.empty()) profile["ca"] = endpoint.ca_file;
  if (endpoint.fingerprint) profile["fingerprint"] = endpoint.fingerprint->to_string();
  if (!endpoint.certificate_file.empty()) profile["certificate"] = endpoint.certificate_file;
  if (!endpoint.key_file.empty()) profile["key"] = endpoint.key_file;
  return profile;
}

Result<cli::ExitCode> list(bool only_names, const cli::Invocation& invocation) {
  const sys::Path file = TRY(profiles_file());
  const Profiles profiles = TRY(load_profiles(file));
  if (only_names && !invocation.json) {
    std::string lines;
    for (const auto& [name, endpoint] : profiles) lines += name + '\n';
    print(lines);
    return cli::ExitCode::ok;
  }
  Json document = {{"schema", 1}, {"profiles", Json::array()}};
  std::vector<std::vector<std::string>> rows = {{"NAME", "ADDRESS"}};
  for (const auto& [name, endpoint] : profiles) {
    document["profiles"].push_back(profile_json(name, endpoint));
    rows.push_back({name, net::to_string(endpoint)});
  }
  if (invocation.json) {
    print(pretty(document));
  } else if (rows.size() > 1) {
    print(cli::table(rows, colors_data(invocation)));
  } else {
    note(invocation, "there are no profiles; add one: apiclient profile add NAME --host HOST");
  }
  return cli::ExitCode::ok;
}

Result<cli::ExitCode> show_profile(const std::string& name, const cli::Invocation& invocation) {
  const sys::Path file = TRY(profiles_file());
  const Profiles profiles = TRY(load_profiles(file));
  const auto found = profiles.find(name);
  if (found == profiles.end()) return fail(unknown_profile(profiles, name));
  Json document = profile_json(name, found->second);
  if (invocation.json) {
    document["schema"] = 1;
    print(pretty(document));
    return cli::ExitCode::ok;
  }
  print(to_toml({*found}));
  return cli::ExitCode::ok;
}

}  // namespace

void declare_profile_verbs(cli::Program& program) {
  program.group("profile", "Names for nodes, with how to reach each of them");
  program.verb("profile add", "Save how to reach a node over the network", [](CLI::App& app) -> cli::Verb {
    auto given = std::make_shared<AddOptions>();
    app.add_option("name", given->name, "Name to use with -n")->required();
    app.add_option("--host", given->host,
                   std::format("Address of the node: HOST or HOST:PORT. Default port: {}", net::kApiPort))
        ->required()
        ->type_name("HOST");
    app.add_option("--ca", given->ca, "CA certificate that signed the node's certificate")->type_name("FILE");
    app.add_option("--fingerprint", given->fingerprint,
                   "SHA-256 fingerprint of the node's certificate, instead of a CA")
        ->type_name("HEX");
    app.add_option("--cert", given->certificate, "Your client certificate")->type_name("FILE");
    app.add_option("--key", given->key, "Key of your client certificate; the profile keeps only its path")
        ->type_name("FILE");
    return [given](const cli::Invocation& invocation) { return add(*given, invocation); };
  });
  program.verb("profile list", "List profiles", [](CLI::App& app) -> cli::Verb {
    auto only_names = std::make_shared<bool>(false);
    app.add_flag("--names", *only_names, "Print only the names, one per line");
    return [only_names](const cli::Invocation& invocation) { return list(*only_names, invocation); };
  });
  program.verb("profile show", "Show a profile", [](CLI::App& app) -> cli::Verb {
    auto name = std::make_shared<std::string>();
    app.add_option("name", *name, "Profile")->type_name("PROFILE")->required();
    return [name](const cli::Invocation& invocation) { return show_profile(*name, invocation); };
  });
  program.verb("profile remove", "Delete a profile", [](CLI::App& app) -> cli::Verb {
    auto name = std::make_shared<std::string>();
    app.add_option("name", *name, "Profile")->type_name("PROFILE")->required();
    return [name](const cli::Invocation&) { return remove(*name); };
  });
}

}  // namespace bulkhead::client
