// <stddef.h> for the parser of fcn-hw lint. glibc asks for parts of it by __need_ macros; all of it
// is given at once.
#ifndef FCN_HW_LINT_STDDEF_H_
#define FCN_HW_LINT_STDDEF_H_

typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ptrdiff_t;
typedef __WINT_TYPE__ wint_t;
typedef struct {
    long long integer __attribute__((__aligned__(__alignof__(long long))));
    long double real __attribute__((__aligned__(__alignof__(long double))));
} max_align_t;

#define offsetof(type, member) __builtin_offsetof(type, member)

#ifdef __cplusplus
namespace std {
typedef decltype(nullptr) nullptr_t;
}
#endif

#endif

#undef NULL
#define NULL __null
