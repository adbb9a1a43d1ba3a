#include "store/ledger_ring_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <new>
#include <system_error>

#include "base/log.h"

namespace weir::store {
namespace {

constexpr std::array<char, 8> kMagic = {'W', 'E', 'I', 'R', 'R', 'N', 'G', '1'};
constexpr std::size_t kBootIdBytes = 64;
constexpr std::size_t kPageBytes = 4096;
constexpr std::uint64_t kMaxFileBytes = 64ull << 30;

// At the file's beginning, a page of its own; then lane after lane its marks, padded to a page, and its bytes.
struct Header {
    std::array<char, 8> magic;
    std::uint64_t lanes;
    std::uint64_t bytes_each;
    std::array<char, kBootIdBytes> boot_id;
};
static_assert(sizeof(Header) <= kPageBytes && sizeof(RingMarks) <= kPageBytes);

std::size_t lane_offset(std::size_t lane, std::size_t bytes_each) {
    return kPageBytes + lane * (kPageBytes + bytes_each);
}

// Of this start of the machine; empty where the system does not tell.
std::array<char, kBootIdBytes> boot_id() {
    std::array<char, kBootIdBytes> id{};
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    file.read(id.data(), id.size() - 1);
    return id;
}

struct Descriptor {
    explicit Descriptor(int opened) : number(opened) {}
    ~Descriptor() {
        if (number >= 0) close(number);
    }
    Descriptor(const Descriptor&) = delete;
    int number;
};

// The file's memory, or nullptr with errno set.
char* map_new_file(const std::string& path, std::size_t size) {
    const Descriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (file.number < 0) return nullptr;
    if (const int error = posix_fallocate(file.number, 0, static_cast<off_t>(size)); error != 0) {
        errno = error;
        return nullptr;
    }
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.number, 0);
    return memory == MAP_FAILED ? nullptr : static_cast<char*>(memory);
}

}  // namespace

std::string ledger_ring_path(const std::string& folder) {
    return folder + "/ledger.rings";
}

std::vector<std::string> salvage_rings(const std::string& folder) {
    const Descriptor file(open(ledger_ring_path(folder).c_str(), O_RDONLY | O_CLOEXEC));
    struct stat facts {};
    if (file.number < 0 || fstat(file.number, &facts) != 0) return {};
    const auto size = static_cast<std::uint64_t>(facts.st_size);
    if (size < kPageBytes || size > kMaxFileBytes) return {};
    void* const mapped = mmap(nullptr, size, PROT_READ, MAP_SHARED, file.number, 0);
    if (mapped == MAP_FAILED) return {};
    const auto* const memory = static_cast<const char*>(mapped);

    std::vector<std::string> batches;
    Header header{};
    std::memcpy(&header, memory, sizeof header);
    const std::array<char, kBootIdBytes> now = boot_id();
    const bool ours = header.magic == kMagic && now.front() != '\0' && header.boot_id == now;
    const bool fits = header.lanes <= size / kPageBytes && header.bytes_each <= size && header.bytes_each > 0 &&
                      lane_offset(header.lanes, header.bytes_each) <= size;
    for (std::size_t lane = 0; ours && fits && lane < header.lanes; ++lane) {
        const char* const at = memory + lane_offset(lane, header.bytes_each);
        std::string batch;
        if (salvage_ring(*reinterpret_cast<const RingMarks*>(at), at + kPageBytes, header.bytes_each, batch) != 0) {
            batches.push_back(std::move(batch));
        }
    }
    munmap(mapped, size);
    return batches;
}

RingFile::RingFile(const std::string& folder, std::size_t lanes, std::size_t bytes_each)
    : size_(lane_offset(lanes, bytes_each)), bytes_each_(bytes_each) {
    const std::string path = ledger_ring_path(folder);
    memory_ = map_new_file(path, size_);
    if (memory_ == nullptr) {
        log_warning(path + ": " + std::generic_category().message(errno) +
                    "; rows that wait to be written would be lost if this process were killed");
        unlink(path.c_str());
        void* const memory = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) throw std::bad_alloc();
        memory_ = static_cast<char*>(memory);
    }
    for (std::size_t lane = 0; lane < lanes; ++lane) new (&marks(lane)) RingMarks;
    const Header header{kMagic, lanes, bytes_each, boot_id()};
    std::memcpy(memory_, &header, sizeof header);
}

RingFile::~RingFile() {
    munmap(memory_, size_);
}

RingMarks& RingFile::marks(std::size_t lane) const {
    return *reinterpret_cast<RingMarks*>(memory_ + lane_offset(lane, bytes_each_));
}

char* RingFile::bytes(std::size_t lane) const {
    return memory_ + lane_offset(lane, bytes_each_) + kPageBytes;
}

}  // namespace weir::store
