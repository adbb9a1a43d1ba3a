// HTTP/1.1 server: one listener a reactor (SO_REUSEPORT), keep-alive, pipelined requests answered in order, chunked
// both ways, Expect: 100-continue, optional TLS.
// Thread rule: everything on the reactor's thread; counters from any.
// Limits: ServerLimits.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/task.h"
#include "http/head.h"
#include "net/endpoint.h"
#include "net/reactor.h"
#include "net/stream.h"
#include "net/tls.h"

namespace weir::net {

struct ServerLimits {
    std::size_t head_bytes = 32 * 1024;
    std::size_t body_bytes = 32u << 20;
    std::size_t connections = 10'000;       // on this reactor; more are closed at once
    Micros slow_head_micros = 10'000'000;   // a whole head, from its first byte; then each piece of the body
    Micros keep_alive_micros = 75'000'000;  // between requests
    Micros write_micros = 60'000'000;       // a caller that takes nothing for so long is cut off
};

// One request and the answer to it.
class Exchange {
  public:
    virtual const http::RequestHead& head() const = 0;
    virtual std::string_view body() const = 0;  // whole
    virtual Micros started_micros() const = 0;  // steady time of the request's first byte
    virtual std::string_view peer() const = 0;  // the caller's address, for logs

    // `header_lines`: "name: value\r\n", any number. Framing, date and connection headers are the server's.
    // False: the caller has gone; there is no more to do. An answer to HEAD, and one of status 204 or 304, goes without
    // its body. One answer a request: as long as nothing of a stream went out, respond() may take its place.
    virtual Task<bool> respond(unsigned status, std::string_view header_lines, std::string_view body) = 0;
    // The head of an answer of unknown length goes out with the first piece.
    virtual void begin_stream(unsigned status, std::string_view header_lines) = 0;
    virtual Task<bool> write_piece(std::string_view piece) = 0;  // empty: no more than the head is sent
    // With a last piece in the same write.
    virtual Task<bool> end_stream(std::string_view last_piece = {}) = 0;
    virtual bool began() const = 0;  // respond or begin_stream was called
    // The answer can't be completed: the connection closes without a clean end.
    virtual void abandon() = 0;

    // While set, the watcher is told within kSweepMicros that the caller has gone (half a close is a close), or that
    // the server cut it off. Reset with nullptr before it dies.
    virtual void watch_caller(PeerWatcher* watcher) = 0;

  protected:
    ~Exchange() = default;
};

class Handler {
  public:
    virtual ~Handler() = default;
    virtual Task<void> handle(Exchange& exchange) = 0;
    // The body of an error that the HTTP layer itself answers with (400, 408, 413, 417, 431, 501, 505), as JSON.
    virtual std::string protocol_error(unsigned status, std::string_view problem) = 0;
};

class HttpServer {
  public:
    // Listeners of one port share it, with other processes of the same user too, which would get half of what was meant
    // for this one: to be asked before the first of them listens. Connections that are closing don't count. Port 0 is
    // free. Error unavailable: somebody listens there. What else may be wrong listen() tells.
    static Result<void> check_free(const Endpoint& endpoint);

    // Binds and listens (TCP). Port 0: any; port() tells which. Error unavailable: address in use, not permitted.
    static Result<std::unique_ptr<HttpServer>> listen(Reactor& reactor, const Endpoint& endpoint,
                                                      const ServerLimits& limits, std::shared_ptr<TlsContext> tls,
                                                      Handler& handler);
    ~HttpServer();  // after close() and connections() == 0, or with the reactor stopped for good (what waits then
                    // leaks)

    std::uint16_t port() const;
    // From the next request (or connection) on. On the reactor's thread.
    void set_limits(const ServerLimits& limits);
    // Takes no more connections, closes idle ones; running requests end with "connection: close".
    void drain();
    // Cuts off whatever is left.
    void close();
    std::size_t connections() const;  // any thread
    std::size_t active() const;       // requests being handled; any thread

    struct Impl;  // of this room

  private:
    explicit HttpServer(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;
};

}  // namespace weir::net
