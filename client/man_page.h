// The manual page rnnfarm(1), made of the same descriptions as the help.
#ifndef RNNFARM_CLIENT_MAN_PAGE_H_
#define RNNFARM_CLIENT_MAN_PAGE_H_

#include <CLI/App.hpp>
#include <string>

namespace rnnfarm::client {

inline constexpr char kManPageCommand[] = "__man";

// In roff with the macros of man(7).
std::string ManPage(const CLI::App& app);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_MAN_PAGE_H_
