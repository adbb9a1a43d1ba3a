// UTF-8 validation (simdjson's, AVX2 where the processor has it).
// Thread rule: pure function.
#pragma once

#include <string_view>

namespace weir::json {

bool valid_utf8(std::string_view text);

}  // namespace weir::json
