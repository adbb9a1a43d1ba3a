// What this build calls itself; the same as project(VERSION) in CMakeLists.txt.
#pragma once

#include <string_view>

namespace weir {

constexpr std::string_view kVersion = "0.1.0";

}  // namespace weir
