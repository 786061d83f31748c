// Receives bytes: a start bit, eight data bits with the lowest first, a stop bit (8N1).
//
// DIVIDER clocks a bit, at least 4. `valid` is 1 for one clock with each byte. `broken` is 1 for one
// clock where the stop bit was not 1. `reset` is 1 while the line is held at 0 for longer than a byte,
// which no byte does: a break.
module fcn_hw_uart_rx #(
    parameter integer DIVIDER = 50
) (
    input wire clk,
    input wire rst,
    input wire line,
    output reg [7:0] data,
    output reg valid,
    output reg broken,
    output reg reset
);
/* verilator lint_off WIDTHTRUNC */
localparam [15:0] BIT = DIVIDER - 1;
localparam [15:0] HALF = DIVIDER / 2 - 1;
/* verilator lint_on WIDTHTRUNC */
localparam [3:0] IDLE = 4'd0, START = 4'd1, STOP = 4'd10, HELD = 4'd11;  // 2 to 9: a data bit
(* async_reg = "true" *)
reg [1:0] sampled;
wire level = sampled[1];
reg [3:0] state;
reg [15:0] left;  // clocks until the middle of the bit
always @(posedge clk) begin
    sampled <= {sampled[0], line};
    valid <= 1'b0;
    broken <= 1'b0;
    if (rst) begin
        sampled <= 2'b11;
        state <= IDLE;
        left <= HALF;
        reset <= 1'b0;
    end else if (state == IDLE) begin
        left <= HALF;
        if (!level) state <= START;
    end else if (state == HELD) begin
        if (level) begin
            state <= IDLE;
            reset <= 1'b0;
        end
    end else if (left != 0) begin
        left <= left - 1'b1;
    end else begin
        left <= BIT;
        if (state == START) begin
            state <= level ? IDLE : state + 1'b1;  // a shorter pulse is no start bit
        end else if (state == STOP) begin
            valid <= level;
            broken <= !level && data != 0;
            reset <= !level && data == 0;
            state <= level ? IDLE : HELD;
        end else begin
            data <= {level, data[7:1]};
            state <= state + 1'b1;
        end
    end
end
endmodule
