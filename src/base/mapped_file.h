// A file's bytes, mapped for reading. It must not be changed in place: a new one takes its name (base/files.h).
// Thread rule: immutable once opened. Limits: the caller's. Errors: io (an empty file, too), too_large.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace weir {

class MappedFile {
  public:
    static Result<MappedFile> open(const std::string& file, std::size_t most_bytes);
    MappedFile() = default;
    MappedFile(MappedFile&& other) noexcept;
    MappedFile& operator=(MappedFile&& other) noexcept;
    ~MappedFile();

    std::string_view bytes() const { return bytes_; }

  private:
    std::string_view bytes_;
};

}  // namespace weir
