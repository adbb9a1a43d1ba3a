// Entry point of every room's replay of its fuzzers without libFuzzer: ROOM_replay CORPORA [FUZZER FILE...].
// Runs every file of each fuzzer's corpus (CORPORA/FUZZER/), the empty input, and mutations of the files, the same ones
// each time. Each fuzzer has a process of its own: whatever ends it (an abort, a sanitizer, a hang), the input that did
// is named, kept as replay-FUZZER-failed in the working folder, and the other fuzzers still run. With FUZZER and files:
// these alone, as they are. Exit 0 passed, 1 not, or a corpus is missing or empty; 2 usage. Limits: files of up to
// kInputBytesMost; an input kInputSecondsMost of processor time; mutations kMutationSeconds a room.
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

// Made by CMake: WEIR_FUZZER(name) for each fuzzer, whose entry is renamed replay_NAME by a definition.
#define WEIR_FUZZER(name) extern "C" int replay_##name(const std::uint8_t* data, std::size_t size);
#include "fuzzers.inc"
#undef WEIR_FUZZER

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kInputBytesMost = 1U << 20U;
constexpr std::size_t kMutatedBytesMost = 64U << 10U;
constexpr unsigned kInputSecondsMost = 20;
constexpr double kMutationSeconds = 2;
constexpr unsigned kMutationsAFile = 1000;

struct Fuzzer {
    const char* name;
    int (*run)(const std::uint8_t*, std::size_t);
};
#define WEIR_FUZZER(name) {#name, replay_##name},
constexpr Fuzzer kFuzzers[] = {
#include "fuzzers.inc"
};
#undef WEIR_FUZZER

using Bytes = std::vector<std::uint8_t>;

struct Input {
    std::string file;
    Bytes bytes;
};

// What a fuzzer's process is at, in memory that outlives it.
struct Progress {
    std::array<char, 256> file;
    unsigned mutation;  // 0: the file as it is
    unsigned runs;
    std::size_t size;
    std::array<std::uint8_t, kInputBytesMost> bytes;
};

// splitmix64: the same numbers everywhere, unlike the standard library's distributions.
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : state_(seed) {}
    std::size_t below(std::size_t limit) {
        state_ += 0x9e3779b97f4a7c15U;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        return (z ^ (z >> 31U)) % limit;
    }

  private:
    std::uint64_t state_;
};

void mutate_once(Dice& dice, const Bytes& other, Bytes& bytes) {
    constexpr std::array<std::uint8_t, 16> kTelling = {0,   0xff, 0x80, '"', '\\', '{', '}', '[',
                                                       ']', ',',  ':',  '-', '9',  'e', ' ', '\n'};
    const auto at = [&bytes](std::size_t place) { return bytes.begin() + static_cast<std::ptrdiff_t>(place); };
    const std::size_t begin = dice.below(bytes.size() + 1);
    const std::size_t length = dice.below(std::min<std::size_t>(bytes.size() - begin, 32) + 1);
    switch (dice.below(7)) {
        case 0:
            if (begin < bytes.size()) bytes[begin] ^= static_cast<std::uint8_t>(1U << dice.below(8));
            return;
        case 1:
            if (begin < bytes.size()) bytes[begin] = kTelling[dice.below(kTelling.size())];
            return;
        case 2:
            bytes.insert(at(begin), kTelling[dice.below(kTelling.size())]);
            return;
        case 3:
            bytes.erase(at(begin), at(begin + length));
            return;
        case 4: {
            const Bytes again(at(begin), at(begin + length));
            bytes.insert(at(begin), again.begin(), again.end());
            return;
        }
        case 5:
            bytes.resize(begin);
            return;
        default: {
            bytes.resize(begin);
            const std::size_t from = dice.below(other.size() + 1);
            bytes.insert(bytes.end(), other.begin() + static_cast<std::ptrdiff_t>(from), other.end());
        }
    }
}

Bytes mutated(const std::vector<Input>& corpus, std::size_t index, unsigned mutation) {
    Dice dice(index * 1'000'003U + mutation);
    Bytes bytes = corpus[index].bytes;
    for (std::size_t left = 1 + dice.below(4); left > 0; --left) {
        mutate_once(dice, corpus[dice.below(corpus.size())].bytes, bytes);
        if (bytes.size() > kMutatedBytesMost) bytes.resize(kMutatedBytesMost);
    }
    return bytes;
}

double processor_seconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

void limit_processor_time() {
    const auto used = static_cast<rlim_t>(processor_seconds());
    const rlimit limit{used + kInputSecondsMost, RLIM_INFINITY};
    setrlimit(RLIMIT_CPU, &limit);
}

void run_one(const Fuzzer& fuzzer, const std::string& file, unsigned mutation, const Bytes& bytes, Progress& progress) {
    std::snprintf(progress.file.data(), progress.file.size(), "%s", file.c_str());
    progress.mutation = mutation;
    progress.size = bytes.size();
    std::copy(bytes.begin(), bytes.end(), progress.bytes.begin());
    limit_processor_time();
    // A copy of exactly this size, so that AddressSanitizer sees what is read behind it.
    const Bytes exact(bytes);
    fuzzer.run(exact.data(), exact.size());
    ++progress.runs;
}

void run_all(const Fuzzer& fuzzer, const std::vector<Input>& corpus, double mutation_seconds, Progress& progress) {
    run_one(fuzzer, "(no bytes)", 0, {}, progress);
    for (const Input& input : corpus) run_one(fuzzer, input.file, 0, input.bytes, progress);
    const double end = processor_seconds() + mutation_seconds;
    for (unsigned mutation = 1; mutation <= kMutationsAFile; ++mutation) {
        for (std::size_t i = 0; i < corpus.size(); ++i) {
            if (processor_seconds() >= end) return;
            run_one(fuzzer, corpus[i].file, mutation, mutated(corpus, i, mutation), progress);
        }
    }
}

bool read_input(const fs::path& path, std::vector<Input>& inputs) {
    std::ifstream in(path, std::ios::binary);
    Bytes bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (!in || bytes.size() > kInputBytesMost) {
        std::printf("FAILED %s: can't be read, or has more than %zu bytes\n", path.c_str(), kInputBytesMost);
        return false;
    }
    inputs.push_back({path.filename().string(), std::move(bytes)});
    return true;
}

bool read_corpus(const fs::path& folder, std::vector<Input>& corpus) {
    std::error_code error;
    std::vector<fs::path> files;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        files.push_back(it->path());
    }
    if (error || files.empty()) {
        std::printf("FAILED %s: the corpus is %s\n", folder.c_str(), error ? error.message().c_str() : "empty");
        return false;
    }
    std::sort(files.begin(), files.end());
    return std::all_of(files.begin(), files.end(), [&](const fs::path& file) { return read_input(file, corpus); });
}

void tell_failure(const Fuzzer& fuzzer, int status, const Progress& progress) {
    const std::string kept = std::string("replay-") + fuzzer.name + "-failed";
    std::ofstream(kept, std::ios::binary)
        .write(reinterpret_cast<const char*>(progress.bytes.data()), static_cast<std::streamsize>(progress.size));
    std::printf("FAILED %s: %s", fuzzer.name, progress.file.data());
    if (progress.mutation > 0) std::printf(", mutation %u", progress.mutation);
    if (WIFSIGNALED(status)) {
        std::printf(": signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    } else {
        std::printf(": exit %d", WEXITSTATUS(status));
    }
    std::printf("; the input is in %s\n", fs::absolute(kept).c_str());
}

bool replay(const Fuzzer& fuzzer, const std::vector<Input>& inputs, double mutation_seconds, Progress& progress) {
    progress = {};
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        run_all(fuzzer, inputs, mutation_seconds, progress);
        std::exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) {
        std::perror("fork");
        return false;
    }
    if (status != 0) {
        tell_failure(fuzzer, status, progress);
        return false;
    }
    std::printf("%s: %zu files, %u runs\n", fuzzer.name, inputs.size(), progress.runs);
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2 || argc == 3) {
        std::printf("usage: %s CORPORA [FUZZER FILE...]\n", argv[0]);
        return 2;
    }
    void* const shared = mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return 1;
    Progress& progress = *static_cast<Progress*>(shared);
    bool passed = true, found = false;
    for (const Fuzzer& fuzzer : kFuzzers) {
        if (argc > 2 && std::string(fuzzer.name) != argv[2]) continue;
        found = true;
        std::vector<Input> inputs;
        bool read = true;
        for (int i = 3; i < argc; ++i) read = read_input(argv[i], inputs) && read;
        if (argc == 2) read = read_corpus(fs::path(argv[1]) / fuzzer.name, inputs);
        const double seconds = argc == 2 ? kMutationSeconds / static_cast<double>(std::size(kFuzzers)) : 0;
        passed = read && replay(fuzzer, inputs, seconds, progress) && passed;
    }
    if (!found) std::printf("no such fuzzer: %s\n", argv[2]);
    return passed && found ? 0 : 1;
}
