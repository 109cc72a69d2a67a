#include "api-server/http/session.hpp"

#include <boost/asio/ip/network_v6.hpp>
#include <openssl/ssl.h>

namespace bulkhead::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast::http;
using Failure = boost::system::error_code;
using LocalSocket = asio::local::stream_protocol::socket;
using TlsStream = asio::ssl::stream<asio::ip::tcp::socket>;

constexpr auto kPingEvery = std::chrono::seconds(15);
constexpr std::size_t kDiscard = 64U << 10U;

std::string lower_media_type(std::string_view value) {
  std::string type(value.substr(0, value.find(';')));
  while (type.ends_with(' ')) type.pop_back();
  for (char& c : type) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return type;
}

Response status_of_failure(const Failure& reason) {
  if (reason == beast::error::body_limit)
    return failure(413, error(ErrorCode::invalid_argument, "the body is larger than this server accepts"));
  if (reason == beast::error::header_limit || reason == beast::error::buffer_overflow)
    return failure(431, error(ErrorCode::invalid_argument, "the request's header is larger than this server accepts"));
  return failure(400, error(ErrorCode::invalid_argument, "the request is not valid HTTP/1.1: {}", reason.message()));
}

// The state of reading, which decides what a deadline means.
enum class Phase { handshake, idle, head, waiting, body, handling, writing, streaming, lingering };

template <class Transport>
class Session final : public AnySession, public std::enable_shared_from_this<Session<Transport>> {
  static constexpr bool kRemote = std::is_same_v<Transport, TlsStream>;
  using Buffer = boost::beast::flat_buffer;
  using Parser = beast::request_parser<beast::string_body>;
  using Message = beast::response<beast::span_body<const char>>;
  using Head = beast::response_serializer<beast::span_body<const char>>;

 public:
  Session(std::shared_ptr<Server::Core> core, Transport transport)
      : core_(std::move(core)), transport_(std::move(transport)) {
    id_ = core_->enter(this);
  }
  ~Session() override {
    give_up_body();
    if (kRemote) core_->leave_anonymous(this);
    if (known_) core_->leave_known(this);
    core_->leave(id_);
    if (opened_ && core_->backend != nullptr) core_->backend->closed(id_);
  }

  // `place` is given back when the session has ended.
  void start(std::shared_ptr<const void> place = nullptr) {
    place_ = std::move(place);
    wait();
  }

  void handshake(const std::string& source) {
    enter(Phase::handshake, core_->limits.handshake_time);
    core_->enter_anonymous(this, source);
    if constexpr (kRemote) {
      transport_.async_handshake(asio::ssl::stream_base::server, [self = self()](const Failure& reason) {
        if (reason) return self->close();
        self->say_who_it_is();
      });
    }
  }

  void drop() override {
    unwelcome_ = true;
    keep_alive_ = false;
    // An answer that is on its way, perhaps the one to the very change that ends this connection, still arrives.
    if (phase_ != Phase::handling && phase_ != Phase::writing) close();
  }

  void close() override {
    Failure ignored;
    socket().close(ignored);
  }

  void tick(Clock::time_point now) override {
    if (phase_ == Phase::streaming && now - last_write_ > kPingEvery && chunks_.empty() && !ping_.empty())
      queue_chunk(ping_);
    if (kRemote && phase_ == Phase::streaming && not_after_ < std::chrono::system_clock::now()) return close();
    if (now < deadline_) return;
    switch (phase_) {
      case Phase::head:
      case Phase::body:
        timed_out_ = true;
        socket().cancel();
        deadline_ = now + core_->limits.write_time;
        return;
      case Phase::handling: return;
      case Phase::streaming:
        if (chunks_.empty()) return;
        [[fallthrough]];
      case Phase::handshake:
      case Phase::idle:
      case Phase::waiting:
      case Phase::writing:
      case Phase::lingering: close();
    }
  }

  void read_body() override {
    holds_body_ = true;
    enter(Phase::body, core_->limits.body_time);
    beast::async_read(transport_, *buffer_, *parser_,
                      [self = self()](const Failure& reason, std::size_t) { self->on_request(reason); });
  }

 private:
  class SessionStream final : public Stream {
   public:
    explicit SessionStream(std::weak_ptr<Session> session) : session_(std::move(session)) {}
    bool send(std::string chunk) override {
      const auto session = session_.lock();
      return session && session->queue_chunk(std::move(chunk));
    }
    void close() override {
      if (const auto session = session_.lock()) session->end_stream();
    }

   private:
    std::weak_ptr<Session> session_;
  };

  std::shared_ptr<Session> self() { return this->shared_from_this(); }

  auto& socket() {
    if constexpr (kRemote)
      return transport_.next_layer();
    else
      return transport_;
  }

  void enter(Phase phase, std::chrono::seconds time) {
    phase_ = phase;
    deadline_ = Clock::now() + time;
  }

  void say_who_it_is() {
    if constexpr (kRemote) {
      // That of the handshake: the remote listener may have been replaced since.
      SSL* const ssl = transport_.native_handle();
      const ShownCertificate shown = shown_certificate(ssl, ::SSL_get_SSL_CTX(ssl));
      not_after_ = shown.certificate.not_after;
      opened_ = true;
      core_->backend->opened_remote(id_, shown, [self = self()](const KnownPeer& peer) {
        self->identity_ = peer.identity;
        if (peer.known && !self->become_known()) return self->close();
        self->start();
      });
    }
  }

  bool become_known() {
    known_ = core_->enter_known(this, identity_);
    if (known_) core_->leave_anonymous(this);
    return known_;
  }

  // A client of a Unix socket is made known with its first question: who only connects costs the backend nothing.
  void make_known() {
    if constexpr (!kRemote) {
      if (!std::exchange(opened_, true)) core_->backend->opened_local(id_, transport_.native_handle());
    }
  }

  bool bytes_waiting() const { return buffer_ && buffer_->size() > 0; }

  // For the next request. Buffers are not needed before its first byte. With TLS this cannot be known, because that
  // byte may have come with the end of the handshake.
  void wait() {
    parser_.reset();
    if (kRemote || bytes_waiting()) return read_head();
    buffer_.reset();
    enter(Phase::idle, core_->limits.idle_time);
    socket().async_wait(asio::socket_base::wait_read, [self = self()](const Failure& reason) {
      if (!reason) self->read_head();
    });
  }

  void read_head() {
    if (kRemote && !bytes_waiting())
      enter(Phase::idle, core_->limits.remote_idle_time);
    else
      enter(Phase::head, core_->limits.head_time);
    if (!buffer_) buffer_ = std::make_unique<Buffer>(core_->limits.head + core_->limits.small_body);
    parser_ = std::make_unique<Parser>();
    parser_->header_limit(core_->limits.head);
    parser_->body_limit(kRemote && !known_ ? 0 : core_->limits.body);
    beast::async_read_header(transport_, *buffer_, *parser_,
                             [self = self()](const Failure& reason, std::size_t) { self->on_head(reason); });
  }

  void on_head(const Failure& reason) {
    if (reason) return on_request(reason);
    if (parser_->is_done()) return on_request({});
    const auto target = parse_target({parser_->get().target().data(), parser_->get().target().size()});
    if (!target) {
      keeps_body_ = true;
      return on_request({});
    }
    // A body that is there already is read, whoever sent it.
    const auto size = parser_->content_length();
    if (size && *size <= buffer_->size()) return go_on();
    // Who may not make this request gets its answer without the server reading, or waiting to read, a body.
    const auto method = parser_->get().method_string();
    enter(Phase::handling, {});
    make_known();
    core_->backend->may_ask(id_, {method.data(), method.size()}, target->path, [self = self()](bool allowed) {
      if (self->unwelcome_) return self->close();
      if (allowed) return self->go_on();
      self->keeps_body_ = true;
      self->on_request({});
    });
  }

  void go_on() {
    const bool large = parser_->chunked() || parser_->content_length().value_or(0) > core_->limits.small_body;
    const auto read = [self = self(), large] {
      if (large) {
        self->enter(Phase::waiting, self->core_->limits.body_time);
        return self->core_->ask_for_large_body(self);
      }
      self->enter(Phase::body, self->core_->limits.body_time);
      beast::async_read(self->transport_, *self->buffer_, *self->parser_,
                        [self](const Failure& failed, std::size_t) { self->on_request(failed); });
    };
    if (parser_->get()[beast::field::expect] != "100-continue") return read();
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(transport_, asio::buffer(kContinue), [self = self(), read](const Failure& failed, std::size_t) {
      if (!failed) read();
    });
  }

  void give_up_body() {
    if (std::exchange(holds_body_, false)) core_->large_body_done();
  }

  void on_request(const Failure& reason) {
    if (reason) give_up_body();
    keep_alive_ = !reason && parser_->get().keep_alive() && !unwelcome_ && (!kRemote || known_) && !keeps_body_;
    if (timed_out_) {
      timed_out_ = false;
      return write(failure(408, error(ErrorCode::aborted, "the request took too long to arrive")));
    }
    if (reason == beast::error::end_of_stream || reason == asio::error::operation_aborted ||
        reason == asio::error::connection_reset || reason == asio::ssl::error::stream_truncated)
      return;
    if (reason == beast::error::partial_message || reason == asio::error::eof) return;
    if (reason) return write(status_of_failure(reason));
    if (kRemote && !core_->within_rate(identity_))
      return write(failure(429, error(ErrorCode::aborted, "too many requests; try again in a moment")));

    auto message = parser_->release();
    auto target = parse_target({message.target().data(), message.target().size()});
    if (!target) return write(failure(target.error()));
    const auto type = message[beast::field::content_type];
    Request request{.method = std::string(message.method_string()),
                    .path = std::move(target->path),
                    .query = std::move(target->query),
                    .content_type = lower_media_type({type.data(), type.size()}),
                    .body = std::move(message.body()),
                    .peer = {},
                    .captures = {}};
    enter(Phase::handling, {});
    make_known();
    core_->backend->dispatch(id_, std::move(request), [self = self()](Response response) {
      asio::post(self->core_->loop,
                 [self, response = std::move(response)]() mutable { self->write(std::move(response)); });
    });
  }

  void write(Response response) {
    give_up_body();  // only now: what waits for the backend is bounded as well
    enter(Phase::writing, core_->limits.write_time);
    response_ = std::move(response);
    const bool streaming = static_cast<bool>(response_.stream);
    if (streaming) keep_alive_ = false;
    const std::string& body = response_.shared_body ? *response_.shared_body : response_.body;
    message_ = std::make_unique<Message>(static_cast<beast::status>(response_.status), 11);
    message_->body() = {body.data(), body.size()};
    if (!response_.content_type.empty()) message_->set(beast::field::content_type, response_.content_type);
    message_->set("X-Content-Type-Options", "nosniff");
    message_->set(beast::field::cache_control, "no-store");
    message_->keep_alive(keep_alive_);
    if (streaming) {
      message_->chunked(true);
      head_ = std::make_unique<Head>(*message_);
      return beast::async_write_header(transport_, *head_, [self = self()](const Failure& reason, std::size_t) {
        if (!reason) self->begin_stream();
      });
    }
    if (response_.status != 204) message_->content_length(body.size());
    beast::async_write(transport_, *message_, [self = self()](const Failure& reason, std::size_t) {
      self->message_.reset();
      self->response_ = {};
      if (reason) return;
      if (self->keep_alive_) return self->wait();
      self->linger();
    });
  }

  // Closing with unread bytes would reset the connection and might take the answer with it.
  void linger() {
    enter(Phase::lingering, core_->limits.write_time);
    Failure ignored;
    socket().shutdown(asio::socket_base::shutdown_send, ignored);
    parser_.reset();
    buffer_ = std::make_unique<Buffer>(kDiscard);
    discard();
  }
  void discard() {
    socket().async_read_some(buffer_->prepare(kDiscard), [self = self()](const Failure& reason, std::size_t) {
      if (!reason) self->discard();
    });
  }

  // --- endless answers
  void begin_stream() {
    if (unwelcome_) return close();
    enter(Phase::streaming, core_->limits.write_time);
    last_write_ = Clock::now();
    stream_ = std::make_shared<SessionStream>(this->weak_from_this());
    if (response_.content_type == "text/event-stream") ping_ = ": still here\n\n";
    const auto begin = std::move(response_.stream);
    watch_for_end();
    begin(stream_);
  }

  // From now on only the end of the connection is expected from the client.
  void watch_for_end() {
    if (!buffer_) buffer_ = std::make_unique<Buffer>(kDiscard);
    buffer_->clear();
    transport_.async_read_some(buffer_->prepare(1024), [self = self()](const Failure& reason, std::size_t) {
      if (!reason) return self->watch_for_end();
      self->stream_gone();
      self->close();
    });
  }

  void stream_gone() {
    const auto stream = std::exchange(stream_, nullptr);
    if (stream && stream->on_gone) stream->on_gone();
  }

  bool queue_chunk(std::string chunk) {
    if (!stream_ || ended_ || !socket().is_open()) return false;
    backlog_ += chunk.size();
    if (backlog_ > core_->limits.stream_backlog) {
      close();  // watch_for_end() does the rest
      return false;
    }
    chunks_.push_back(std::move(chunk));
    if (chunks_.size() == 1) write_chunk();
    return true;
  }

  void write_chunk() {
    deadline_ = Clock::now() + core_->limits.write_time;
    asio::async_write(transport_, beast::make_chunk(asio::buffer(chunks_.front())),
                      [self = self()](const Failure& reason, std::size_t) {
                        if (reason) return self->close();
                        self->last_write_ = Clock::now();
                        self->backlog_ -= self->chunks_.front().size();
                        self->chunks_.pop_front();
                        if (!self->chunks_.empty()) return self->write_chunk();
                        if (self->ended_) self->write_last_chunk();
                      });
  }

  void end_stream() {
    if (std::exchange(ended_, true)) return;
    if (chunks_.empty()) write_last_chunk();
  }

  void write_last_chunk() {
    asio::async_write(transport_, beast::make_chunk_last(), [self = self()](const Failure&, std::size_t) {
      self->stream_gone();
      Failure ignored;
      self->socket().shutdown(asio::socket_base::shutdown_both, ignored);
    });
  }

  std::shared_ptr<Server::Core> core_;
  Transport transport_;
  ConnectionId id_ = 0;
  bool opened_ = false;                   // the backend knows this connection
  std::shared_ptr<const void> place_;     // among the connections of a local listener
  std::string identity_;                  // over TLS: as the backend has it
  std::chrono::sys_seconds not_after_{};  // over TLS: of the certificate
  Phase phase_ = Phase::idle;
  Clock::time_point deadline_ = Clock::time_point::max();
  bool timed_out_ = false;
  bool keep_alive_ = false;
  bool holds_body_ = false;
  bool keeps_body_ = false;  // the client's, unread: the connection ends with the answer
  bool known_ = false;       // over TLS: with a role when it connected
  bool unwelcome_ = false;   // dropped

  // Set while a request is read or answered.
  std::unique_ptr<Buffer> buffer_;
  std::unique_ptr<Parser> parser_;
  Response response_;
  std::unique_ptr<Message> message_;
  std::unique_ptr<Head> head_;

  std::shared_ptr<SessionStream> stream_;
  std::deque<std::string> chunks_;
  std::size_t backlog_ = 0;
  bool ended_ = false;
  std::string ping_;
  Clock::time_point last_write_{};
};

}  // namespace

void start_local_session(const std::shared_ptr<Server::Core>& core, const LocalListener& listener, LocalSocket socket) {
  std::make_shared<Session<LocalSocket>>(core, std::move(socket))->start(listener.place);
}

void start_remote_session(const std::shared_ptr<Server::Core>& core, asio::ip::tcp::socket socket) {
  Failure gone;
  const std::string source = source_of(socket.remote_endpoint(gone).address());
  std::make_shared<Session<TlsStream>>(core, TlsStream(std::move(socket), *core->tls))->handshake(source);
}

std::string source_of(const asio::ip::address& address) {
  if (!address.is_v6()) return address.to_string();
  if (address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  return asio::ip::make_network_v6(address.to_v6(), 64).canonical().to_string();
}

}  // namespace bulkhead::http
