#include "json/utf8.h"

#include <simdjson.h>

namespace weir::json {

bool valid_utf8(std::string_view text) {
    return text.empty() || simdjson::validate_utf8(text.data(), text.size());
}

}  // namespace weir::json
