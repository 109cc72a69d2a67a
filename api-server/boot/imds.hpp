// The instance metadata service of EC2, version 2: user data and what the cloud knows about the node.
//
// Source: Amazon EC2 User Guide, "Use the Instance Metadata Service". A request needs a token, which a PUT gives.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api-server/boot/facts.hpp"
#include "api-server/boot/http_client.hpp"

namespace bulkhead::boot {

// How long to try: the network may still be coming up, and the service refuses who asks too fast.
struct Patience {
  int attempts = 40;  // of each request
  std::chrono::milliseconds first{250};
  std::chrono::milliseconds longest{10000};  // the time between two tries doubles up to this: 6 minutes in all
};

class Imds {
 public:
  Imds(Send send, Wait wait, Patience patience = {})
      : send_(std::move(send)), wait_(std::move(wait)), patience_(patience) {}

  // Nothing when there is none, or when the service is switched off for this instance. Errors: unavailable when it does
  // not answer for as long as our patience lasts; failed_precondition for an answer that is too large or none.
  Result<std::optional<std::string>> user_data();
  // What it does not know stays empty. Errors: as above.
  Result<Facts> facts();

 private:
  Result<std::optional<std::string>> get(const std::string& path);
  Result<std::optional<std::string>> get_line(const std::string& path);
  Result<HttpResponse> ask(const std::string& path);

  Send send_;
  Wait wait_;
  Patience patience_;
  std::string token_;
  bool off_ = false;
};

// Asks one endpoint after the other, and from then on the one that answered.
Send to_any_of(std::vector<Endpoint> endpoints, HttpLimits limits);

}  // namespace bulkhead::boot
