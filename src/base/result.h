// Result<T>: a value or an Error. The data plane reports failures with it; exceptions are for start-up only.
// Thread rule: plain values, no sharing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace weir {

enum class ErrorCode : std::uint8_t {
    invalid,      // the input is wrong; message says what and where
    not_found,    // no such thing
    too_large,    // a limit was exceeded; message names it
    timeout,      // a deadline passed
    canceled,     // we gave up ourselves (the caller left, a drain)
    closed,       // orderly end of a connection
    reset,        // the connection broke
    unavailable,  // could not reach it, or it is not ready
    protocol,     // the peer broke HTTP, TLS or JSON
    io,           // disk or operating system
    internal,     // a bug of ours
};

std::string_view to_string(ErrorCode code);

struct Error {
    ErrorCode code = ErrorCode::internal;
    std::string message;
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
    return tl::unexpected<Error>(Error{code, std::move(message)});
}

}  // namespace weir
