// a deposit adds to the balance
>> {"jsonrpc":"2.0","id":1,"method":"open","params":{"account":"io-deposit"}}
<< {"jsonrpc":"2.0","id":1,"result":{"account":"<string>","balance":0}}
>> {"jsonrpc":"2.0","id":2,"method":"deposit","params":{"account":"io-deposit","amount":5}}
<< {"jsonrpc":"2.0","id":2,"result":5}
