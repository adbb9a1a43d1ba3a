#include "base/result.h"

namespace weir {

std::string_view to_string(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid:
            return "invalid";
        case ErrorCode::not_found:
            return "not_found";
        case ErrorCode::too_large:
            return "too_large";
        case ErrorCode::timeout:
            return "timeout";
        case ErrorCode::canceled:
            return "canceled";
        case ErrorCode::closed:
            return "closed";
        case ErrorCode::reset:
            return "reset";
        case ErrorCode::unavailable:
            return "unavailable";
        case ErrorCode::protocol:
            return "protocol";
        case ErrorCode::io:
            return "io";
        case ErrorCode::internal:
            return "internal";
    }
    return "internal";
}

}  // namespace weir
