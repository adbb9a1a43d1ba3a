#include "net/tls.h"

#include "net/tls_context.h"

namespace weir::net {

int TlsSessionSlot::slot_index() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

int TlsSessionSlot::take(SSL* ssl, SSL_SESSION* session) {
    auto* const slot = static_cast<TlsSessionSlot*>(SSL_get_ex_data(ssl, slot_index()));
    if (slot == nullptr) return 0;
    SSL_SESSION_free(slot->session_);
    slot->session_ = session;
    return 1;  // ours to free
}

void TlsSessionSlot::attach(SSL* ssl) {
    SSL_set_ex_data(ssl, slot_index(), this);
    if (session_ != nullptr) SSL_set_session(ssl, session_);
}

std::string tls_library() {
    return "OpenSSL " + std::string(OpenSSL_version(OPENSSL_VERSION_STRING));
}

Result<std::shared_ptr<TlsContext>> make_client_tls(const std::string& ca_file) {
    auto made = std::make_shared<TlsContext>(asio::ssl::context::tls_client);
    SystemError error;
    SSL_CTX_set_min_proto_version(made->context.native_handle(), TLS1_2_VERSION);
    made->context.set_verify_mode(asio::ssl::verify_peer, error);
    if (ca_file.empty()) {
        made->context.set_default_verify_paths(error);
        if (error) return fail(ErrorCode::io, "the system's certificate authorities: " + error.message());
    } else {
        made->context.load_verify_file(ca_file, error);
        if (error) return fail(ErrorCode::io, ca_file + ": " + error.message());
    }
    SSL_CTX_set_session_cache_mode(made->context.native_handle(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(made->context.native_handle(), &TlsSessionSlot::take);
    return made;
}

Result<std::shared_ptr<TlsContext>> make_server_tls(const std::string& certificate_file, const std::string& key_file) {
    auto made = std::make_shared<TlsContext>(asio::ssl::context::tls_server);
    SystemError error;
    SSL_CTX_set_min_proto_version(made->context.native_handle(), TLS1_2_VERSION);
    made->context.use_certificate_chain_file(certificate_file, error);
    if (error) return fail(ErrorCode::io, certificate_file + ": " + error.message());
    made->context.use_private_key_file(key_file, asio::ssl::context::pem, error);
    if (error) return fail(ErrorCode::io, key_file + ": " + error.message());
    // Of another kind than the certificate's it has been taken up beside it.
    if (SSL_CTX_check_private_key(made->context.native_handle()) != 1) {
        return fail(ErrorCode::io, key_file + " is not the key of " + certificate_file);
    }
    return made;
}

}  // namespace weir::net
