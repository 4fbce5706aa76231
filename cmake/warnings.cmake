# fairlead_warnings: what our own targets are compiled with, and nothing else is.
add_library(fairlead_warnings INTERFACE)
target_compile_features(fairlead_warnings INTERFACE cxx_std_20)
target_compile_options(fairlead_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 sees these where they are not: in inlined coroutine frames, Asio allocators and Boost.
    target_compile_options(fairlead_warnings INTERFACE -Wno-maybe-uninitialized -Wno-restrict -Wno-mismatched-new-delete)
    # ThreadSanitizer does not model fences; Asio's only one is on a path we do not share.
    target_compile_options(fairlead_warnings INTERFACE -Wno-tsan)
endif()

# fairlead_sanitize: on everything we compile, Asio's translation unit included, or on nothing.
add_library(fairlead_sanitize INTERFACE)
if(FAIRLEAD_SANITIZE)
    target_compile_options(fairlead_sanitize INTERFACE
        -fsanitize=${FAIRLEAD_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(fairlead_sanitize INTERFACE -fsanitize=${FAIRLEAD_SANITIZE})
endif()
target_link_libraries(fairlead_warnings INTERFACE fairlead_sanitize)
