"""Words that no name of an emitted project may be, in small letters: case makes no difference.

Words of the languages; the macros, types and functions of the C library that the firmware, its
test benches and the vendor's headers include (glibc 2.36, GCC 12); what hls4ml and the emitted
sources call themselves. Commands of Tcl are none of them: in the scripts a name is always an
argument, never a command.
"""

from __future__ import annotations

import re

_CPP = """alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t
    char16_t char32_t class co_await co_return co_yield compl concept const const_cast consteval
    constexpr constinit continue contract_assert decltype default delete do double dynamic_cast
    else enum explicit export extern false final float for friend goto if import inline int long
    main module mutable namespace new noexcept not not_eq nullptr operator or or_eq override
    private protected public reflexpr register reinterpret_cast requires restrict return short
    signed sizeof static static_assert static_cast std struct switch synchronized template this
    thread_local throw true try typedef typeid typename typeof typeof_unqual union unsigned using
    virtual void volatile wchar_t while xor xor_eq"""
"""C to C23 and C++ to C++26; ``main`` and ``std`` too."""

_MACROS = """alloca assert assert_perror complex errno i386 imaginary isfinite isgreater isinf
    isless isnan isnormal issubnormal isunordered linux major makedev math_errhandling minor
    noreturn offsetof putc getc setjmp sigmask sigsetjmp signbit stderr stdin stdout strdupa
    p_tmpdir strndupa thread_local unix"""
"""Macros in small letters. All others have capitals only, and no name is written so."""

_LIBRARY = """abort abs access acos acosh alarm asctime asin asinh asprintf atan atan2 atanh atexit
    atof atoi atol atoll basename bcopy brk bsearch bzero calloc cbrt ceil chdir chroot clearerr
    clock close copysign cos cosh ctime daemon daylight difftime dirname div dprintf dup dup2
    environ erf erfc exit exp exp2 expm1 fabs fclose fcntl fdim fdopen feof ferror fflush ffs
    fgetc fgets fileno floor fma fmax fmin fmod fopen fork fprintf fputc fputs fread free freopen
    frexp fscanf fseek fsync ftell ftruncate fwrite gamma getchar getenv getline getopt getpid
    gets gmtime hypot ilogb index ioctl isalnum isalpha isblank iscntrl isdigit isgraph islower
    isprint ispunct isspace isupper isxdigit j0 j1 jn kill labs ldexp ldiv lgamma link llabs lldiv
    llrint llround localeconv localtime lockf log log10 log1p log2 logb longjmp lrint lround lseek
    malloc memccpy memchr memcmp memcpy memmem memmove memset mincore mkdir mktime mlock mmap modf
    mprotect msync munmap nan nanosleep nearbyint nextafter nice open optarg opterr optind optopt
    pause pclose perror pipe popen pow pread printf psignal putchar putenv puts pwrite qsort raise
    rand random read readlink realloc remainder remove remquo rename rewind rindex rint rmdir round
    sbrk scalbn scanf select setbuf setenv setlocale setvbuf sigaction siglongjmp signal signgam
    sin sincos sinh sleep snprintf sprintf sqrt srand sscanf stat strcasecmp strcat strchr strcmp
    strcoll strcpy strcspn strdup strerror strftime strlen strncat strncmp strncpy strpbrk strrchr
    strsep strspn strstr strtod strtof strtok strtol strtold strtoll strtoul strtoull strxfrm swab
    symlink sync syscall sysconf system tan tanh tee tempnam tgamma time timezone tm tmpfile tmpnam
    tolower toupper trunc truncate tzname tzset umask ungetc unlink usleep va_arg va_copy va_end
    va_list va_start vfork vfprintf vprintf vsnprintf vsprintf wait write y0 y1 yn
    fd_set iovec itimerspec jmp_buf lconv mode_t sigevent sigjmp_buf sigval stack_t timespec timeval
    u_char u_int u_long u_short uint ulong ushort"""
"""Functions, variables and structures of the C library and of POSIX."""

_TYPES = """blkcnt blkcnt64 blksize caddr char16 char32 char8 clock clockid comparison_fn cpu_set
    daddr dev div double error femode fenv fexcept float fpos fpos64 fsblkcnt fsblkcnt64 fsfilcnt
    fsfilcnt64 fsid gid greg gregset id idtype imaxdiv in_addr in_port ino ino64 key ldiv lldiv
    locale loff max_align mbstate mcontext mode nlink nullptr off off64 pid pthread ptrdiff quad
    register rlim sa_family sem sig sig_atomic sigevent sighandler siginfo sigset sigval size
    socklen speed ssize stack suseconds tcflag time timer u_quad ucontext uid useconds wchar
    wctrans wctype wint"""
"""What stands before the ``_t`` of a type: an op ``size`` would have pixels of type ``size_t``."""

_VERILOG = """accept_on alias always always_comb always_ff always_latch assign assume automatic
    before begin bind bins binsof bit buf bufif0 bufif1 byte casex casez cell chandle checker
    clocking cmos config constraint context cover covergroup coverpoint cross deassign defparam
    design disable dist edge end endcase endchecker endclass endclocking endconfig endfunction
    endgenerate endgroup endinterface endmodule endpackage endprimitive endprogram endproperty
    endsequence endspecify endtable endtask event eventually expect extends first_match force
    foreach forever forkjoin function generate genvar global highz0 highz1 iff ifnone ignore_bins
    illegal_bins implements implies incdir include initial inout input inside instance integer
    interconnect interface intersect join join_any join_none large let liblist library local
    localparam logic longint macromodule matches medium modport nand negedge nettype nexttime nmos
    nor noshowcancelled notif0 notif1 null output package packed parameter pmos posedge primitive
    priority program property pull0 pull1 pulldown pullup pulsestyle_ondetect pulsestyle_onevent
    pure randc randcase randsequence rcmos real realtime ref reg reject_on release repeat
    rnmos rpmos rtran rtranif0 rtranif1 s_always s_eventually s_nexttime s_until s_until_with
    scalared sequence shortint shortreal showcancelled small soft solve specify specparam string
    strong strong0 strong1 super supply0 supply1 sync_accept_on sync_reject_on table tagged task
    throughout timeprecision timeunit tran tranif0 tranif1 tri tri0 tri1 triand trior trireg type
    unique unique0 until until_with untyped use uwire var vectored wait_order wand weak weak0 weak1
    wildcard wire with within wor xnor"""
"""IEEE 1364-2005 and 1800-2017."""

_OURS = """fcn_hw hls hls4ml nnet half defines_h parameters_h heartbeat model_default_t input_t
    result_t aux con nul prn"""
"""Namespaces, types and guards of the emitted sources; and names that Windows has for devices."""

_FAMILIES = re.compile(
    r"ap_\w*|hls_\w*|nnet_\w*|u?int(_fast|_least)?(\d+|max|ptr)?|u_int\d+|bfloat\d+|u?fixed"
    r"|pthread_\w+|cookie_\w+|config\d+(_mult)?|(com|lpt)\d|(st_[acm]|si_[us])time"
    r"|(be|le)\d+toh|hto[bl]e\d+|si_\w+|m_(\d_)?(pi|e|ln2|ln10|log2e|log10e|sqrt[12]|sqrtpi)\w*"
    r"|l_(tmpnam|ctermid|cuserid|incr|set|xtnd)|(pri|scn)[dioux]\w*(\d|max|ptr)"
)
"""Names of one pattern: the vendor's, integer types, macros with small letters in them."""

RESERVED = frozenset(" ".join((_CPP, _MACROS, _LIBRARY, _TYPES, _VERILOG, _OURS)).split())

HEADERS = frozenset(
    """aio alloca assert byteswap complex cpio ctype defines dirent elf endian errno fcntl features
    fenv float fnmatch getopt glob grp iconv inttypes iso646 langinfo libgen limits link locale
    malloc math memory monetary netdb nl_types parameters poll pwd regex sched search semaphore
    setjmp signal spawn stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn
    string strings syslog tar termios tgmath threads time uchar ucontext unistd utime utils values
    wchar wctype wordexp""".split()
)
"""``<name>.h`` of a graph lies in the first folder that the compiler looks for headers in."""


def is_reserved(name: str) -> bool:
    """Whether a name is one of these words."""
    small = name.lower()
    return small in RESERVED or _FAMILIES.fullmatch(small) is not None
