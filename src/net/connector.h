// Opens connections to one endpoint: resolves (off the reactor, kept for kResolveKeepMicros), connects to one address
// after the other, shakes hands for TLS. For this room alone.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "net/endpoint.h"
#include "net/sockets.h"
#include "net/tls.h"
#include "net/tls_context.h"

namespace weir::net {

constexpr Micros kResolveKeepMicros = 30'000'000;

// What a connection attempt is waiting for, so that it can be cancelled.
struct PendingConnect {
    Stream* stream = nullptr;
    std::shared_ptr<struct Resolution> resolution;
    bool canceled = false;
    void cancel();
};

class Connector {
  public:
    Connector(Reactor& reactor, Endpoint endpoint, std::shared_ptr<TlsContext> tls)
        : reactor_(reactor), endpoint_(std::move(endpoint)), tls_(std::move(tls)) {}

    const Endpoint& endpoint() const { return endpoint_; }
    Reactor& reactor() const { return reactor_; }

    // Error unavailable, timeout or canceled; the message names the endpoint.
    Task<Result<std::unique_ptr<Stream>>> connect(Micros at_most, PendingConnect& pending);

  private:
    using Addresses = std::vector<asio::ip::tcp::endpoint>;
    Task<Result<void>> resolve(Micros at_most, PendingConnect& pending);
    Task<Result<std::unique_ptr<Stream>>> connect_unix(Micros at_most, PendingConnect& pending);
    Task<Result<std::unique_ptr<Stream>>> connect_tcp(const asio::ip::tcp::endpoint& address, Micros at_most,
                                                      PendingConnect& pending);
    Task<Result<std::unique_ptr<Stream>>> secure(asio::ip::tcp::socket socket, Micros deadline,
                                                 PendingConnect& pending);
    tl::unexpected<Error> failure(ErrorCode code, const std::string& why) const;

    Reactor& reactor_;
    Endpoint endpoint_;
    std::shared_ptr<TlsContext> tls_;
    TlsSessionSlot session_;
    Addresses addresses_;
    Micros resolved_until_ = 0;
};

}  // namespace weir::net
