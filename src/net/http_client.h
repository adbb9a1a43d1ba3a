// HTTP/1.1 client: a pool of kept-alive connections to one upstream, on one reactor. A request that fails on a reused
// connection before a byte of the answer came (or with a 408 and the connection's end) is sent once more on a fresh
// one: the upstream had closed it. Thread rule: the reactor's thread. Limits: ClientLimits; heads as http::HeadLimits;
// one request a call.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/cancellation.h"
#include "base/result.h"
#include "base/task.h"
#include "http/chunked.h"
#include "http/head.h"
#include "net/buffer.h"
#include "net/endpoint.h"
#include "net/reactor.h"
#include "net/stream.h"
#include "net/tls.h"

namespace weir::net {

struct ClientLimits {
    std::size_t head_bytes = 32 * 1024;
    Micros connect_micros = 5'000'000;       // resolve, connect and TLS handshake together
    Micros write_micros = 60'000'000;        // the whole request
    Micros first_byte_micros = 600'000'000;  // until the answer's head is complete
    Micros idle_micros = 60'000'000;         // between pieces of the answer
    Micros pooled_micros = 30'000'000;       // how long an idle connection is kept
    std::size_t pooled_connections = 256;
};

class HttpClient {
  public:
    // `tls` for endpoints with TLS. The endpoint's name is verified against the certificate.
    HttpClient(Reactor& reactor, Endpoint endpoint, const ClientLimits& limits, std::shared_ptr<TlsContext> tls);
    ~HttpClient();  // before the reactor; no call may exist

    const Endpoint& endpoint() const;
    Reactor& reactor() const;
    std::size_t pooled() const;

    struct Impl;  // of this room

  private:
    friend class HttpCall;
    std::unique_ptr<Impl> impl_;
};

// One request and its answer. Destroying it before the answer was read to its end closes the connection.
class HttpCall final : public Cancelable {
  public:
    explicit HttpCall(HttpClient& client);
    ~HttpCall();
    HttpCall(const HttpCall&) = delete;
    HttpCall& operator=(const HttpCall&) = delete;

    // Sends head and body and reads the answer's head (1xx are passed over). `head`: everything from the request line
    // to the blank line. Errors: unavailable (could not connect; message says why), timeout, canceled (cancel() was
    // called), reset, closed, protocol. A deadline (steady time; 0: none) narrows the limits of all that happens until
    // the head.
    Task<Result<void>> send(std::string_view head, std::string_view body, Micros deadline = 0);

    // Its views are valid until the body is read from: copy what is needed later.
    const http::ResponseHead& response() const;

    // The next piece of the answer's body, decoded; empty: the end. Views are valid until the next call of any of
    // these.
    Task<Result<std::string_view>> read_piece();
    // A piece that lies in the buffer already: true and the piece; false: read_piece() would have to wait, or has an
    // end or an error to tell.
    bool buffered_piece(std::string_view& piece);
    // Appends the whole body; Error too_large above `limit` bytes. Does not return while the body is incomplete but
    // with an error.
    Task<Result<void>> read_all(std::string& out, std::size_t limit);

    // Reads on to the end of the body and drops what comes, so that the connection can be used again; gives up after
    // `at_most`.
    Task<void> finish(Micros at_most);

    // Ends whatever is under way with Error canceled. May be called at any time on the reactor's thread.
    void cancel() override;
    bool sent() const;    // the request (or a part of it) may have reached the upstream
    bool reused() const;  // on a pooled connection

    struct State;  // of this room

  private:
    std::unique_ptr<State> state_;
};

}  // namespace weir::net
