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

void tell_lost(const std::string& path, std::uint64_t bytes, std::string_view why) {
    log_warning(path + ": " + std::to_string(bytes) +
                " bytes of rows that a killed process left behind are dropped: " + std::string(why));
}

// What lies in the lanes of a file: batches, and how much of it can't be read.
std::vector<std::string> read_lanes(const char* memory, const Header& header, std::uint64_t& lost_bytes) {
    std::vector<std::string> batches;
    for (std::size_t lane = 0; lane < header.lanes; ++lane) {
        const char* const at = memory + lane_offset(lane, header.bytes_each);
        std::string batch;
        const Salvaged salvaged =
            salvage_ring(*reinterpret_cast<const RingMarks*>(at), at + kPageBytes, header.bytes_each, batch);
        lost_bytes += salvaged.lost_bytes;
        if (salvaged.rows != 0) batches.push_back(std::move(batch));
    }
    return batches;
}

}  // namespace

std::string ledger_ring_path(const std::string& folder) {
    return folder + "/ledger.rings";
}

std::vector<std::string> salvage_rings(const std::string& folder) {
    const std::string path = ledger_ring_path(folder);
    const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat facts {};
    if (file.number < 0 || fstat(file.number, &facts) != 0) return {};
    const auto size = static_cast<std::uint64_t>(facts.st_size);
    if (size == 0) return {};
    if (size < kPageBytes || size > kMaxFileBytes) {
        tell_lost(path, size, "it has not the size of such a file");
        return {};
    }
    void* const mapped = mmap(nullptr, size, PROT_READ, MAP_SHARED, file.number, 0);
    if (mapped == MAP_FAILED) return {};
    const auto* const memory = static_cast<const char*>(mapped);

    std::vector<std::string> batches;
    std::uint64_t lost_bytes = 0;
    Header header{};
    std::memcpy(&header, memory, sizeof header);
    const bool fits = header.magic == kMagic && header.lanes <= size / kPageBytes && header.bytes_each <= size &&
                      header.bytes_each > 0 && lane_offset(header.lanes, header.bytes_each) <= size;
    const std::array<char, kBootIdBytes> now = boot_id();
    if (!fits) {
        tell_lost(path, size, "it is damaged, or of another version");
    } else if (batches = read_lanes(memory, header, lost_bytes); now.front() == '\0' || header.boot_id != now) {
        for (const std::string& batch : batches) lost_bytes += batch.size();
        batches.clear();
        if (lost_bytes > 0) tell_lost(path, lost_bytes, "they are from before the machine's last start");
    } else if (lost_bytes > 0) {
        tell_lost(path, lost_bytes, "they are damaged");
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
