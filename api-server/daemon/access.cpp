#include "api-server/daemon/access.hpp"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>

#include "lib/crypto/private_key.hpp"

namespace bulkhead::daemon {
namespace {

constexpr std::uint64_t kLargestPem = 64U << 10U;
constexpr mode_t kPrivate = 0600;
constexpr auto kValid = std::chrono::days(3650);

}  // namespace

Result<ServerCertificate> own_certificate(const sys::Path& directory, const std::string& hostname) {
  const sys::Path key_file = directory / "key.pem";
  const sys::Path certificate_file = directory / "certificate.pem";
  ServerCertificate own;
  if (sys::exists(key_file) && sys::exists(certificate_file)) {
    own.certificates = TRY(sys::read_file(certificate_file, kLargestPem));
    own.key = TRY(crypto::SecretText::read(key_file, kLargestPem));
    return own;
  }
  TRY(sys::create_directories(directory));
  const auto key = TRY(crypto::PrivateKey::generate_p256());
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  // Valid from 1970, because the clock may be behind on the first boot.
  const auto certificate = TRY(crypto::self_sign(key, {.common_name = hostname.substr(0, 64),
                                                       .not_before = {},
                                                       .not_after = now + kValid,
                                                       .purpose = crypto::Purpose::tls_server}));
  own.certificates = TRY(certificate.to_pem());
  own.key = TRY(key.to_pem());
  TRY(sys::write_file_atomically(key_file, own.key.view(), kPrivate));
  TRY(sys::write_file_atomically(certificate_file, own.certificates, kPrivate));
  return own;
}

Result<std::optional<RemoteAccess>> remote_access(const settings::Api& api, const ServerCertificate& own) {
  if (!api.client_ca) return std::nullopt;
  const settings::Api& declared = settings::Settings::defaults().api;
  const settings::IpAddress& address = settings::set_or_default(api.listen_address, declared.listen_address);
  const settings::Port port = settings::set_or_default(api.listen_port, declared.listen_port);
  RemoteAccess access{
      .address = address.value().to_string(),
      .port = static_cast<std::uint16_t>(port.value),
      .listener = {.certificates = own.certificates, .key = own.key.copy(), .client_ca = api.client_ca->value()}};
  if (api.certificate && api.key) {
    access.listener.certificates = api.certificate->value();
    access.listener.key = crypto::SecretText(api.key->value());
  }
  return access;
}

Result<> check_access(const settings::Api& api) {
  if (api.client_ca) TRY(http::check_client_ca(api.client_ca->value()));
  if (!api.certificate || !api.key) return {};
  return http::check_identity(api.certificate->value(), api.key->value());
}

Accounts find_accounts() {
  Accounts accounts;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): at the start, where there is one thread
  if (const passwd* user = ::getpwnam("bulkhead-imds")) accounts.imds = user->pw_uid;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the same
  if (const passwd* user = ::getpwnam("bulkhead-front")) accounts.front = user->pw_uid;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the same
  if (const group* api = ::getgrnam("api")) accounts.api = api->gr_gid;
  return accounts;
}

http::Peer who_is_local(const LocalPeer& peer, const Accounts& accounts) {
  http::Peer result{.name = {}, .identity = std::format("uid {}", peer.uid), .role = std::nullopt, .refused = {}};
  result.name = std::format("{} (pid {})", result.identity, peer.pid);
  if (peer.uid == 0 || peer.uid == ::geteuid()) {
    result.role = Role::admin;
  } else if (accounts.imds == peer.uid) {
    result.also = "PUT /v1/user-data";
    result.refused = result.name + " may only say that there is user data";
  } else if (accounts.api && std::ranges::contains(peer.groups, *accounts.api)) {
    result.role = Role::reader;
  } else {
    result.refused = result.name + " has no role: it is not in the group api";
  }
  return result;
}

http::Peer who_is_container(const LocalPeer& peer) {
  http::Peer result{
      .name = {}, .identity = std::format("container, uid {}", peer.uid), .role = Role::reader, .refused = {}};
  result.name = std::format("{} (pid {})", result.identity, peer.pid);
  return result;
}

http::Peer who_is(const http::ClientCertificate& certificate, const settings::Api& api,
                  std::chrono::system_clock::time_point now) {
  http::Peer peer{.name = {}, .identity = {}, .role = std::nullopt, .refused = {}, .remote = true};
  if (!certificate.present) {
    peer.refused = "a client certificate is needed";
    return peer;
  }
  if (!certificate.verify_error.empty()) {
    peer.refused =
        std::format("the client certificate '{}' is not valid: {}", certificate.common_name, certificate.verify_error);
    return peer;
  }
  // Good when it connected, perhaps long ago.
  if (certificate.not_after < now) {
    peer.refused = std::format("the client certificate '{}' has expired", certificate.common_name);
    return peer;
  }
  peer.identity = std::format("certificate {}", certificate.common_name);
  peer.name = std::format("{} ({})", peer.identity, certificate.serial);
  const auto serial = settings::value::SerialNumber::parse(certificate.serial);
  const auto is_this = [&](const settings::SerialNumber& revoked) { return revoked.value() == serial; };
  if (!serial || (api.revoked && std::ranges::any_of(*api.revoked, is_this))) {
    peer.refused = peer.name + " is revoked";
    return peer;
  }
  if (api.roles) {
    for (const settings::ClientRole& entry : *api.roles) {
      if (!entry.subject || !entry.role || !entry.subject->value().matches(certificate.common_name)) continue;
      peer.role = entry.role;
      return peer;
    }
  }
  peer.refused = peer.name + " has no role: settings.api.roles has no entry for it";
  return peer;
}

}  // namespace bulkhead::daemon
