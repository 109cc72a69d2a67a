// A request as handlers see it, and their answer. Independent of the HTTP library.
#pragma once

#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.hpp"
#include "lib/base/role.hpp"

namespace bulkhead::http {

using Json = nlohmann::json;

// "reader"; "none" when there is none.
std::string_view name_of(std::optional<Role> role);

// The role that a peer has now: it may have been revoked since it connected.
using RoleNow = std::function<std::optional<Role>()>;

struct Peer {
  std::string name;      // "uid 0 (pid 17)", "certificate ops-1 (0a1b)": for the log and the history
  std::string identity;  // "uid 0", "certificate ops-1": the same on every connection
  std::optional<Role> role{};
  std::string refused;  // why there is no role: "no client certificate"
  RoleNow role_now{};   // not set: as it was
  std::string also{};   // the one request that it may make although its role is too low: "PUT /v1/user-data"
  bool remote = false;
};

struct Request {
  std::string method;
  std::string path;                          // decoded, without the query
  std::map<std::string, std::string> query;  // decoded; the last of several with one name
  std::string content_type;                  // without parameters, lower case
  std::string body;
  std::shared_ptr<const Peer> peer;
  std::vector<std::string> captures;  // what stood for {…} in the route's path

  std::optional<std::string> parameter(const std::string& name) const;
};

// Where a handler writes an endless answer. A client that reads too slowly is disconnected, so that nothing piles up.
class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  // False when the client has disconnected.
  virtual bool send(std::string chunk) = 0;
  // Ends the answer.
  virtual void close() = 0;
  // Called once, when the client disconnects or close() is done.
  std::function<void()> on_gone;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body{};
  // A body that is shared, instead of `body`: for answers that repeat.
  std::shared_ptr<const std::string> shared_body{};
  std::optional<Error> refused{};  // of failure() for permission_denied: for the audit trail
  // Set for an endless answer: called with its stream when the head has been sent.
  std::function<void(std::shared_ptr<Stream>)> stream{};
};

// Called exactly once, at any time, on the server's thread.
using Reply = std::function<void(Response)>;

Response json(const Json& body, int status = 200);
Response text(std::string body);
Response no_content();

// The one mapping from errors to statuses.
int status_of(const Error& error);
Response failure(const Error& error);
// For statuses that no error code maps to: 401, 405, 408, 413, 415, 423, 429, 431.
Response failure(int status, const Error& error);

// "/settings?keys=a%2Cb" into path and query. Errors: invalid_argument.
struct Target {
  std::string path;
  std::map<std::string, std::string> query;
};
Result<Target> parse_target(std::string_view target);

}  // namespace bulkhead::http
