// The instance metadata service of EC2, version 2: user data and the cloud's facts about the node.
//
// Source: Amazon EC2 User Guide, "Use the Instance Metadata Service". A request needs a token, which a PUT gives.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/net/connection.hpp"
#include "lib/user_data/facts.hpp"

namespace bulkhead::collect {

using user_data::CloudFacts;

// What it needs from outside: the seam for tests.
using Send = std::function<Result<net::ClientResponse>(const net::ClientRequest&)>;
// The pause between two tries. False: SIGTERM came, and the program ends.
using Wait = std::function<bool(std::chrono::milliseconds)>;

// How long to try: the network may still be starting, and the service limits the rate of requests.
struct Patience {
  int attempts = 40;  // of each request
  std::chrono::milliseconds first{250};
  std::chrono::milliseconds longest{10000};  // the time between two tries doubles up to this: 6 minutes in all
};

class Imds {
 public:
  Imds(Send send, Wait wait, Patience patience = {})
      : send_(std::move(send)), wait_(std::move(wait)), patience_(patience) {}

  // Empty when there is none, or when the service is switched off for this instance. Errors: unavailable when it does
  // not answer within the time limit; failed_precondition for a refusal; data_loss for an answer that is too large or
  // not HTTP; aborted when SIGTERM ended a pause, and stopped() says so.
  Result<std::optional<std::string>> user_data();
  // Unknown facts stay empty. Errors: as above.
  Result<CloudFacts> facts();
  bool stopped() const { return stopped_; }

 private:
  Result<std::optional<std::string>> get(const std::string& path);
  Result<std::optional<std::string>> get_line(const std::string& path);
  Result<net::ClientResponse> ask(const std::string& path);

  Send send_;
  Wait wait_;
  Patience patience_;
  std::string token_;
  bool off_ = false;
  bool stopped_ = false;
};

// "http://169.254.169.254", "http://[fd00:ec2::254]:80": an address, as names are for a network that is up. Errors:
// invalid_argument.
Result<net::TcpEndpoint> parse_endpoint(std::string_view url);

inline constexpr net::Limits kImdsLimits{
    .connect = std::chrono::seconds{5}, .request = std::chrono::seconds{5}, .response_bytes = std::size_t{1} << 20U};
// Tries one endpoint after the other, then keeps to the one that answered. Each request has its own connection, because
// servers close idle ones before the next request.
Send to_any_of(std::vector<net::TcpEndpoint> endpoints, net::Limits limits = kImdsLimits);

}  // namespace bulkhead::collect
