// an account that does not exist has no balance
>> {"jsonrpc":"2.0","id":1,"method":"balance","params":{"account":"nobody"}}
<< {"jsonrpc":"2.0","id":1,"error":{"code":2,"message":"there is no such account"}}
