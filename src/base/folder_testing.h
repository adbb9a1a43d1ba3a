// A folder of a test's own, gone with all that is in it at its end.
// Thread rule: one owner.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>

namespace weir {

class TemporaryFolder {
  public:
    // in_memory: where the machine has that, for tests that would wait for the disk thousands of times.
    enum class On { disk, in_memory };
    explicit TemporaryFolder(On on = On::disk) : path_((where(on) / "weir-test-XXXXXX").string()) {
        if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    }
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    const std::string& path() const { return path_; }
    std::string file(const std::string& name) const { return path_ + "/" + name; }

  private:
    static std::filesystem::path where(On on) {
        const std::filesystem::path memory = "/dev/shm";
        std::error_code none;
        if (on == On::in_memory && std::filesystem::is_directory(memory, none)) return memory;
        return std::filesystem::temp_directory_path();
    }
    std::string path_;
};

}  // namespace weir
