// TLS settings, built once at start-up and shared by the reactors.
// Thread rule: immutable after they are built (OpenSSL's contexts are safe to share).
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace weir::net {

struct TlsContext;  // of this room

// For connections to upstreams: peers are verified against the system's authorities or `ca_file` (PEM); TLS 1.2 or
// later; sessions are kept for reuse.
Result<std::shared_ptr<TlsContext>> make_client_tls(const std::string& ca_file);
// For a listener: certificate chain and key in PEM.
Result<std::shared_ptr<TlsContext>> make_server_tls(const std::string& certificate_file, const std::string& key_file);

std::string tls_library();  // the one that runs: "OpenSSL 3.0.17"

}  // namespace weir::net
