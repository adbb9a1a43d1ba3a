// What a TlsContext is, for this room alone.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "net/asio.h"

namespace weir::net {

struct TlsContext {
    explicit TlsContext(asio::ssl::context::method method) : context(method) {}
    asio::ssl::context context;
};

// The session that an upstream handed out last, for its next connection. One a connection pool.
class TlsSessionSlot {
  public:
    TlsSessionSlot() = default;
    ~TlsSessionSlot() { SSL_SESSION_free(session_); }
    TlsSessionSlot(const TlsSessionSlot&) = delete;
    TlsSessionSlot& operator=(const TlsSessionSlot&) = delete;

    // Before the handshake: offers the kept session, and has new ones brought here.
    void attach(SSL* ssl);

  private:
    friend Result<std::shared_ptr<TlsContext>> make_client_tls(const std::string&);
    static int slot_index();
    static int take(SSL* ssl, SSL_SESSION* session);

    SSL_SESSION* session_ = nullptr;
};

}  // namespace weir::net
