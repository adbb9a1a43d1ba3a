#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace weir {

Result<MappedFile> MappedFile::open(const std::string& file, std::size_t most_bytes) {
    const int handle = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (handle < 0) return fail(ErrorCode::io, file + ": " + std::strerror(errno));
    struct stat status = {};
    const bool known = ::fstat(handle, &status) == 0 && status.st_size > 0;
    const auto size = known ? static_cast<std::size_t>(status.st_size) : 0;
    void* mapped = MAP_FAILED;
    if (known && size <= most_bytes) mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, handle, 0);
    ::close(handle);
    if (size > most_bytes) {
        return fail(ErrorCode::too_large, file + ": more than " + std::to_string(most_bytes) + " bytes");
    }
    if (mapped == MAP_FAILED) return fail(ErrorCode::io, file + ": it can't be read");
    MappedFile made;
    made.bytes_ = {static_cast<const char*>(mapped), size};
    return made;
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
}

MappedFile::~MappedFile() {
    if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

}  // namespace weir
